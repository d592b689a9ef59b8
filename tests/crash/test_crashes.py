"""Writers and collectors that are killed at any moment: nothing acknowledged is ever lost.

``KILLS`` says how many processes are killed; ``make crash KILLS=5000`` takes its time.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from datavc.db import outbox
from datavc.versioning.commits import commit_staged
from datavc.versioning.fsck import check_store
from datavc.versioning.gc import collect_garbage
from datavc.versioning.repos import create_repo, delete_repo
from datavc.versioning.staging import list_staged
from datavc.versioning.upkeep_turn import upkeep_turn
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from tests.crash import crash_worker
from tests.crash.crash_worker import content
from tests.services.small_store import commit_files, read_files

KILLS = int(os.environ.get("KILLS", "120"))
#: What runs at once until it is killed.
KINDS = ("write", "scratch", "collect")
#: Kills between two looks at everything.
_BETWEEN_CHECKS = 30


@dataclass
class World:
    """A store, and what was acknowledged to whoever wrote it."""

    home: Path
    database: str
    store: str
    environment: dict[str, str]
    vs: VersionedStore
    committed: dict[str, bytes] = field(default_factory=dict)
    staged: dict[str, bytes] = field(default_factory=dict)
    collected: int = 0
    dropped: int = 0
    rewritten: int = 0

    def hear(self, pipe: Pipe) -> None:
        """Take down what a killed process was told."""
        try:
            while pipe.poll():
                self._take(*pipe.recv())
        except EOFError:
            pass

    def _take(self, word: str, text: str) -> None:
        if word == "collected":
            dropped, rewritten, _ = text.split()
            self.collected += 1
            self.dropped += int(dropped)
            self.rewritten += int(rewritten)
            return
        if word == "ready":
            return
        name, _, number = text.partition("/")
        if word == "scratch":
            self.committed[text] = content(name, int(number) * 4 + 1)
        else:
            kept = self.staged if word == "staged" else self.committed
            kept[text] = content(name, int(number))


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
        database = request.getfixturevalue("postgres_url")
        server: Any = request.getfixturevalue("s3_server")
        environment = dict(server.environment)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        store = f"s3://datavc-integration/{uuid4().hex}"
    with open_versioned_store(
        tmp_path / "home", store or None, database_url=database or None
    ) as vs:
        create_repo(vs, "data", author="ann")
        yield World(tmp_path / "home", database, store, environment, vs)


def test_nothing_acknowledged_is_lost(world: World) -> None:
    chance = random.Random(11)
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["tests.crash.crash_worker"])
    killed = 0
    while killed < KILLS:
        running = [_start(server, world, kind, f"{kind}{killed}") for kind in KINDS]
        for _, pipe in running:
            assert pipe.poll(60), "a process does not start"
            pipe.recv()
        time.sleep(chance.uniform(0.01, 1.2))
        for process, pipe in running:
            _kill(process)
            world.hear(pipe)
            pipe.close()
            killed += 1
        if killed % _BETWEEN_CHECKS < len(KINDS):
            _check(world, deep=False)
    _make_worth_rewriting(world)
    _check(world, deep=True)
    assert len(world.committed) > KILLS / 4
    # The last collection is not killed, so it does what there is to do.
    assert world.collected
    assert world.dropped
    assert world.rewritten


def _make_worth_rewriting(world: World) -> None:
    """Make a pack of which most is garbage and some is kept: the others may have left none."""
    vs, chance = world.vs, random.Random("worth rewriting")
    kept = chance.randbytes(100_000)
    create_repo(vs, "garbage", author="ann")
    commit_files(vs, {"gone": chance.randbytes(400_000), "kept": kept}, repo="garbage")
    commit_files(vs, {"last/kept": kept})
    delete_repo(vs, "garbage", author="ann", force=True)
    world.committed["last/kept"] = kept
    with vs.db.write() as conn:
        events = outbox.claim(conn, "last", 60)
        outbox.ack(conn, "last", [event.id for event in events])


def _start(
    server: multiprocessing.context.ForkServerContext, world: World, kind: str, name: str
) -> tuple[ForkServerProcess, Pipe]:
    ours, theirs = server.Pipe(duplex=False)
    process = server.Process(
        target=crash_worker.work,
        args=(kind, str(world.home), world.database, world.store, world.environment, name, theirs),
        daemon=True,
    )
    process.start()
    theirs.close()
    return process, ours


def _kill(process: ForkServerProcess) -> None:
    assert process.pid is not None
    assert process.exitcode is None, "a process has failed by itself"
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    process.close()


def _check(world: World, *, deep: bool) -> None:
    if list_staged(world.vs, "data", "main"):
        commit_staged(world.vs, "data", "main", message="rest", author="ann")
    found = read_files(world.vs)
    wanted = world.committed | world.staged
    assert {path for path in wanted if path not in found} == set()
    assert all(found[path] == data for path, data in wanted.items())
    check = check_store(world.vs, deep=deep)
    assert check.problems == ()
    if deep:
        time.sleep(1)
        with upkeep_turn(world.vs):
            pass
        done = collect_garbage(world.vs, grace_s=-1, unreachable_keep_s=-1, dead_bytes=50_000)
        world.collected += 1
        world.dropped += done.dropped_packs + done.orphans
        world.rewritten += done.rewritten_packs
        assert check_store(world.vs, deep=True).problems == ()
        found = read_files(world.vs)
        assert all(found.get(path) == data for path, data in wanted.items())
