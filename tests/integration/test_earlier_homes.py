"""Homes that earlier versions made: opened, migrated, read, checked, and written to by this one."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine

import datavc
from datavc.db.schema_version import Schema, inspect_schema
from datavc.db.session import Database
from datavc.errors import Purged
from datavc.model.job import DatumState
from tests.fixtures.homes.recipe import COMMITS, COUNTED, SIDE, STAGED

HOMES = Path(__file__).parents[1] / "fixtures" / "homes"
VERSIONS = sorted(path.name.removesuffix(".tar.xz") for path in HOMES.glob("*.tar.xz"))


@pytest.fixture(params=VERSIONS)
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    with tarfile.open(HOMES / f"{request.param}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    monkeypatch.setenv("DATAVC_EXECUTOR", "process")
    return folder


@pytest.fixture
def client(home: Path) -> Iterator[datavc.Client]:
    with datavc.connect(home=home, author="bob") as opened:
        yield opened


def read(client: datavc.Client, ref: str, repo: str = "data") -> dict[str, bytes]:
    return {
        info.path: client.read(f"{repo}@{ref}:/{info.path}")
        for info in client.ls(f"{repo}@{ref}", recursive=True)
    }


def check_history(client: datavc.Client, head: str = "main") -> None:
    """Every commit of the fixture, byte for byte."""
    log = list(client.log(f"data@{head}"))
    assert [commit.message for commit in log] == ["less", "changed", "large", "first"]
    for commit in log:
        assert read(client, commit.id) == COMMITS[commit.message]
        assert commit.author == "ada"
    assert read(client, "side") == SIDE
    assert client.resolve("data@v1").message == "large"


def test_it_is_read_and_checked(client: datavc.Client) -> None:
    check_history(client)
    assert [change.path for change in client.staged_changes("data")] == list(STAGED)
    assert read(client, "main", "count") == COUNTED
    jobs = client.list_jobs("count")
    assert [job.state for job in jobs] == ["success"] * 3
    # Later commits left its inputs, and so its output, as they were.
    made_from = client.lineage("count@main").edges
    assert client.resolve("data@v1").id in {edge.upstream for edge in made_from}
    assert client.fsck(deep=True).is_sound


def test_its_database_is_of_today(home: Path) -> None:
    url = f"sqlite:///{home / 'datavc.db'}"
    engine = create_engine(url)
    with engine.connect() as connection:
        assert inspect_schema(connection) is Schema.OLDER
    with closing(Database.open(url)) as database, database.read() as migrated:
        assert inspect_schema(migrated) is Schema.CURRENT
    engine.dispose()


def test_it_is_written_to(client: datavc.Client) -> None:
    commit = client.commit("data", "staged by an earlier version")
    assert read(client, "main") == COMMITS["less"] | STAGED
    client.merge("data@side", "main")
    client.put(b"id\n1\n2\n", "data:/table/400.csv", message="more")
    assert client.read("count:/400.csv") == b"3\n"
    # What did not change was not run again.
    newest = client.list_jobs("count")[0]
    assert [datum.state for datum in client.list_datums(newest.id)].count(DatumState.SUCCESS) == 1
    client.undo("data")
    client.undo("data")
    assert client.resolve("data@main").id == commit.id
    check_history(client, f"{commit.id}~1")
    assert client.fsck(deep=True).is_sound


def test_what_it_does_not_use_is_collected(client: datavc.Client) -> None:
    client.delete_branch("data", "side")
    client.purge("data", "large")
    assert client.gc(grace_s=0, unreachable_keep_s=0).dropped_packs
    assert read(client, "v1~1") == COMMITS["first"]
    with pytest.raises(Purged):
        client.read("data:/large")
    assert client.read("data:/table/007.csv") == COMMITS["first"]["table/007.csv"]
    assert client.fsck(deep=True).is_sound
