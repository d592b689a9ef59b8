"""fsspec's own suite for filesystems, and what reads and writes through it."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec
import pytest
from fsspec.tests import abstract

import datavc
from datavc.client.filesystem import DatavcFileSystem
from tests.services.http_server import running_server


@pytest.fixture(params=["embedded", "http"])
def options(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Names an empty datavc with a repo in it."""
    home = tmp_path / "home"
    with datavc.connect(home=home, author="ada") as client:
        client.create_repo("data")
    if request.param == "embedded":
        yield {"home": str(home)}
        return
    with running_server(home) as url:
        yield {"server": url}


@pytest.fixture
def filesystem(options: dict[str, str]) -> Iterator[DatavcFileSystem]:
    DatavcFileSystem.clear_instance_cache()
    found = fsspec.filesystem("datavc", author="ada", **options)
    yield found
    found._client.close()
    DatavcFileSystem.clear_instance_cache()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatavcFileSystem]:
    """For the suite: each test has a repo of its own in it."""
    found = DatavcFileSystem(home=str(tmp_path_factory.mktemp("home")), author="ada")
    yield found
    found._client.close()
    DatavcFileSystem.clear_instance_cache()


class _Fixtures(abstract.AbstractFixtures):  # type: ignore[misc]
    @pytest.fixture
    def fs(self, shared: DatavcFileSystem) -> DatavcFileSystem:
        return shared

    @pytest.fixture
    def fs_path(self, shared: DatavcFileSystem) -> str:
        repo = uuid4().hex
        shared._client.create_repo(repo)
        return f"{repo}/main/test"

    @pytest.fixture
    def fs_join(self) -> Callable[..., str]:
        return lambda *parts: "/".join(parts)

    @pytest.fixture
    def supports_empty_directories(self) -> bool:
        return False


class TestCopy(abstract.AbstractCopyTests, _Fixtures):  # type: ignore[misc]
    """Copying within the filesystem."""


class TestGet(abstract.AbstractGetTests, _Fixtures):  # type: ignore[misc]
    """Copying out."""


class TestPut(abstract.AbstractPutTests, _Fixtures):  # type: ignore[misc]
    """Copying in."""


class TestOpen(abstract.AbstractOpenTests, _Fixtures):  # type: ignore[misc]
    """Opening."""


class TestPipe(abstract.AbstractPipeTests, _Fixtures):  # type: ignore[misc]
    """Writing bytes."""


def commits(filesystem: DatavcFileSystem) -> int:
    return len(list(filesystem._client.log("data", limit=1000)))


def test_what_is_listed(filesystem: DatavcFileSystem) -> None:
    filesystem.pipe({"data/main/a/x": b"one", "data/main/b": b"two"})
    assert commits(filesystem) == 1
    assert filesystem.ls("", detail=False) == ["data"]
    assert filesystem.ls("data", detail=False) == ["data/main"]
    assert sorted(filesystem.ls("data/main", detail=False)) == ["data/main/a", "data/main/b"]
    assert filesystem.find("data/main") == ["data/main/a/x", "data/main/b"]
    assert filesystem.glob("data/main/*/x") == ["data/main/a/x"]
    assert filesystem.isdir("data/main/a")
    assert not filesystem.exists("data/main/nothing")
    assert not filesystem.exists("nothing/main")
    with pytest.raises(FileNotFoundError):
        filesystem.ls("data/main/nothing")
    assert filesystem.info("datavc://data/main/b")["digest"] == filesystem.ukey("data/main/b")


def test_reading(filesystem: DatavcFileSystem) -> None:
    content = bytes(range(256)) * 4000
    filesystem.pipe_file("data/main/f", content)
    with filesystem.open("data/main/f", "rb", block_size=10_000) as file:
        filesystem.pipe_file("data/main/f", b"changed meanwhile")
        assert file.read(10) == content[:10]
        file.seek(500_000)
        assert file.read(1000) == content[500_000:501_000]
        file.seek(-5, 2)
        assert file.read() == content[-5:]
    assert filesystem.cat_file("data/main@{1}/f", start=-10) == content[-10:]
    with filesystem.open("data/main/f", "r") as text:
        assert text.read() == "changed meanwhile"


def test_writing(filesystem: DatavcFileSystem) -> None:
    with filesystem.open("data/main/f", "wb") as file:
        file.write(b"one")
        assert not filesystem.exists("data/main/f")
    with filesystem.open("data/main/f", "ab") as file:
        file.write(b" two")
    assert filesystem.cat_file("data/main/f") == b"one two"
    filesystem.touch("data/main/empty")
    assert filesystem.info("data/main/empty")["size"] == 0
    before = commits(filesystem)
    filesystem.mv("data/main/f", "data/main/g")
    assert commits(filesystem) == before + 1
    assert filesystem.find("data/main") == ["data/main/empty", "data/main/g"]
    filesystem.rm("data/main", recursive=True)
    assert commits(filesystem) == before + 2
    assert filesystem.find("data/main") == []
    with pytest.raises(FileNotFoundError):
        filesystem.rm("data/main/g")
    with pytest.raises(datavc.errors.InvalidInput, match="only branches"):
        filesystem.pipe_file("data/main~1/f", b"")


def test_a_transaction_is_one_commit(filesystem: DatavcFileSystem) -> None:
    with filesystem.transaction:
        for name in ("a", "b"):
            with filesystem.open(f"data/main/{name}", "wb") as file:
                file.write(name.encode())
        filesystem.pipe_file("data/main/c", b"c")
        assert filesystem.find("data/main") == []
    assert commits(filesystem) == 1
    assert filesystem.cat("data/main/*") == {
        f"data/main/{name}": name.encode() for name in ("a", "b", "c")
    }
    with contextlib.suppress(RuntimeError), filesystem.transaction:
        filesystem.pipe_file("data/main/d", b"d")
        raise RuntimeError
    assert not filesystem.exists("data/main/d")
    filesystem.pipe_file("data/main/e", b"e")
    assert filesystem.exists("data/main/e")


def test_threads_that_write_at_once_lose_nothing(filesystem: DatavcFileSystem) -> None:
    def write(number: int) -> None:
        for step in range(5):
            filesystem.pipe_file(f"data/main/{number}/{step}", f"{number} {step}".encode())
            with filesystem.open(f"data/main/{number}/{step}.txt", "wb") as file:
                file.write(b"x")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert len(filesystem.find("data/main")) == 80
    with filesystem.transaction, ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8, 16)))
    assert len(filesystem.find("data/main")) == 160
    assert commits(filesystem) == 81


def test_it_goes_to_other_processes(filesystem: DatavcFileSystem) -> None:
    filesystem.pipe_file("data/main/f", b"one")
    copy: Any = pickle.loads(pickle.dumps(filesystem))
    assert copy.cat_file("data/main/f") == b"one"
    copy._client.close()


def test_pandas(options: dict[str, str]) -> None:
    import pandas as pd

    storage = {"author": "ada", **options}
    frame = pd.DataFrame({"id": [1, 2, 3], "name": ["a", "b", "c"]})
    frame.to_csv("datavc://data/main/frame.csv", index=False, storage_options=storage)
    frame.to_parquet("datavc://data/main/frame.parquet", storage_options=storage)
    for read, name in ((pd.read_csv, "frame.csv"), (pd.read_parquet, "frame.parquet")):
        back = read(f"datavc://data/main/{name}", storage_options=storage)
        assert back.to_dict("list") == frame.to_dict("list")
    fsspec.filesystem("datavc", **storage)._client.close()


def test_pyarrow_and_duckdb(filesystem: DatavcFileSystem) -> None:
    import duckdb
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    table = pa.table({"year": [2024, 2024, 2025], "value": [1, 2, 3]})
    with filesystem.transaction:
        ds.write_dataset(
            table,
            "data/main/set",
            format="parquet",
            partitioning=["year"],
            filesystem=filesystem,
        )
    assert commits(filesystem) == 1
    found = ds.dataset("data/main/set", filesystem=filesystem, partitioning=["year"])
    assert found.to_table(filter=ds.field("year") == 2025)["value"].to_pylist() == [3]
    assert pq.ParquetDataset("data/main/set", filesystem=filesystem).read().num_rows == 3
    connection = duckdb.connect()
    connection.register_filesystem(filesystem)
    query = "SELECT sum(value) FROM 'datavc://data/main/set/**/*.parquet'"
    assert connection.execute(query).fetchall() == [(6,)]
    connection.close()
