"""The SDK, in this process and behind HTTP."""

from __future__ import annotations

import io
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import datavc
from datavc.client.history import count_changes
from datavc.errors import AlreadyExists, Conflict, InvalidInput, InvalidPath, NotFound
from datavc.model.file_info import ChangeKind
from datavc.model.job import JobInfo, JobState


@pytest.fixture
def data(client: datavc.Client) -> bytes:
    """The repo ``data`` with one file of some chunks; gives its content."""
    content = random.Random(1).randbytes(3_000_000)
    client.create_repo("data")
    client.put(content, "data:/big.bin", message="big")
    return content


def test_open_reads_ranges(client: datavc.Client, data: bytes) -> None:
    with client.open("data:/big.bin") as file:
        assert file.read(5) == data[:5]
        assert file.seek(-7, io.SEEK_END) == len(data) - 7
        assert file.read() == data[-7:]
        assert file.read(1) == b""
        file.seek(1_234_567)
        assert file.read(1000) == data[1_234_567:1_235_567]
        assert file.seek(10**9) == 10**9
        assert file.read() == b""
        with pytest.raises(InvalidInput):
            file.seek(-1)
    assert client.read("data:/big.bin", 2_999_990, 100) == data[2_999_990:]
    assert b"".join(client.cat("data:/big.bin")) == data
    with pytest.raises(InvalidPath):
        client.open("data")
    with pytest.raises(NotFound):
        client.read("data:/nope")


def test_put_takes_bytes_files_and_paths(client: datavc.Client, tmp_path: Path) -> None:
    client.create_repo("data")
    (tmp_path / "f").write_bytes(b"file")
    client.put(b"bytes", "data:/a")
    client.put(io.BytesIO(b"stream"), "data:/b")
    client.put(tmp_path / "f", "data:/c")
    client.put([tmp_path / "f"], "data:/d/")
    commit = client.commit("data", "all")
    assert commit.files == 4
    found = {
        file.path: client.read(f"data:/{file.path}") for file in client.ls("data", recursive=True)
    }
    assert found == {"a": b"bytes", "b": b"stream", "c": b"file", "d/f": b"file"}
    assert client.stat("data:/d").is_folder
    assert client.stat("data:/a").size == 5


def test_concurrent_puts_all_land(client: datavc.Client) -> None:
    client.create_repo("data")

    def put(number: int) -> str | None:
        return client.put(b"%d" % number, f"data:/{number}", message=f"put {number}").commit

    with ThreadPoolExecutor(6) as pool:
        commits = list(pool.map(put, range(18)))
    assert len(set(commits)) == 18
    assert len(list(client.ls("data"))) == 18
    assert len(list(client.log("data"))) == 18


def test_diff_between_repos_and_stats(client: datavc.Client, data: bytes) -> None:
    client.create_repo("copy")
    client.put(data, "copy:/big.bin", message="same")
    assert list(client.diff("data", "copy")) == []
    client.put(b"new", "copy:/new", message="new")
    (change,) = client.diff("data", "copy")
    assert (change.path, change.kind, change.new_size) == ("new", ChangeKind.ADDED, 3)
    stats = count_changes(client.diff("copy", "data"))
    assert (stats.added, stats.removed, stats.bytes_removed) == (0, 1, 3)
    with pytest.raises(InvalidInput):
        client.diff("data:/a", "copy:/b")


def test_names_that_are_taken(client: datavc.Client, data: bytes) -> None:
    with pytest.raises(AlreadyExists):
        client.create_repo("data")
    client.create_branch("data", "dev", start="main")
    with pytest.raises(AlreadyExists):
        client.create_branch("data", "dev")
    client.create_tag("data", "v1")
    with pytest.raises(AlreadyExists):
        client.create_tag("data", "v1")


def test_jobs_are_told_as_they_move_on(client: datavc.Client) -> None:
    client.create_repo("data")
    (made,) = client.create_pipeline(
        {
            "pipeline": {"name": "copy"},
            "transform": {"cmd": ["sh"], "stdin": ["cp -r $DATAVC_PFS/data/. $DATAVC_PFS/out"]},
            "input": {"pfs": {"repo": "data", "glob": "/*"}},
        }
    )
    assert (made.name, made.version) == ("copy", 1)
    client.put(b"x", "data:/x", message="x", run=False)
    told: list[JobInfo] = []
    (job,) = client.wait("data", progress=told.append)
    assert job.state is JobState.SUCCESS
    assert {info.id for info in told} == {job.id}
    assert client.read("copy:/x") == b"x"
    assert client.resolve("copy").upstream == (client.resolve("data").id,)
    with pytest.raises(Conflict):
        client.put(b"y", "copy:/y")
    with pytest.raises(NotFound):
        client.wait("nope")
