"""Sixteen processes that commit at once: each commit that was acknowledged is there, and once."""

from __future__ import annotations

import multiprocessing
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from datavc.versioning.branches import create_branch
from datavc.versioning.fsck import check_store
from datavc.versioning.history import log
from datavc.versioning.repos import create_repo
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from tests.integration import commit_writer
from tests.services.small_store import read_files

WRITERS = 16
COMMITS = 4
#: Seconds in which a process surely says something.
_PATIENCE = 120


@dataclass
class World:
    """A store that many processes open."""

    home: Path
    database: str
    store: str
    environment: dict[str, str]
    vs: VersionedStore

    def start(self, name: str) -> tuple[ForkServerProcess, Pipe]:
        server = multiprocessing.get_context("forkserver")
        server.set_forkserver_preload(["tests.integration.commit_writer"])
        ours, theirs = server.Pipe()
        where = (str(self.home), self.database, self.store, self.environment)
        process = server.Process(
            target=commit_writer.write, args=(*where, name, COMMITS, theirs), daemon=True
        )
        process.start()
        theirs.close()
        return process, ours


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.s3])]
)
def world(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """SQLite and a folder, or PostgreSQL and S3."""
    database = store = ""
    environment: dict[str, str] = {}
    if request.param == "postgresql":
        database = request.getfixturevalue("postgres_with_tables")
        server: Any = request.getfixturevalue("s3_server")
        environment = dict(server.environment)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        store = f"s3://datavc-integration/{uuid4().hex}"
    home = tmp_path / "home"
    with open_versioned_store(home, store or None, database_url=database or None) as vs:
        create_repo(vs, "data", author="ann")
        yield World(home, database, store, environment, vs)


def hear(pipe: Pipe) -> Any:
    assert pipe.poll(_PATIENCE), "a writer says nothing"
    return pipe.recv()


def test_every_acknowledged_commit_is_there_once(world: World) -> None:
    names = [f"w{number}" for number in range(WRITERS)]
    for name in names:
        create_branch(world.vs, "data", name, author="ann")
    writers = [world.start(name) for name in names]
    for _, pipe in writers:
        assert hear(pipe) == "ready"
    for _, pipe in writers:
        pipe.send("begin")
    acknowledged: dict[str, dict[str, str]] = defaultdict(dict)
    for process, pipe in writers:
        while told := hear(pipe):
            commit, branch, path = told
            acknowledged[branch][commit] = path
        process.join()
        assert process.exitcode == 0
        pipe.close()
    assert len(acknowledged["main"]) == WRITERS * COMMITS
    for branch in ("main", *names):
        check_branch(world.vs, branch, acknowledged[branch])
    assert check_store(world.vs, deep=True).problems == ()


def check_branch(vs: VersionedStore, branch: str, acknowledged: dict[str, str]) -> None:
    """The branch's log holds those commits alone, each on top of the one before, byte for byte."""
    line = list(log(vs, "data", branch))
    assert {one.id for one in line} == acknowledged.keys()
    assert len(line) == len(acknowledged)
    # None was made twice, under another id.
    assert set(Counter(one.message for one in line).values()) == {1}
    assert [one.parents for one in line] == [*((one.id,) for one in line[1:]), ()]
    expected: dict[str, bytes] = {}
    for commit in reversed(line):
        path = acknowledged[commit.id]
        assert commit.message == f"{branch} {path}"
        name, number = path.split("/")
        expected[path] = commit_writer.content(name, int(number))
        assert (commit.files, commit.bytes) == (len(expected), sum(map(len, expected.values())))
    assert read_files(vs, branch) == expected
    oldest = line[-1]
    assert read_files(vs, oldest.id) == {acknowledged[oldest.id]: expected[acknowledged[oldest.id]]}
