"""Writers, collectors and purges that are killed at any moment: nothing acknowledged is ever lost.

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

from datavc.errors import Purged
from datavc.model.collection import Collection
from datavc.model.ids import digest_of
from datavc.model.tree.scan import scan
from datavc.store.content import read_content
from datavc.versioning import purge
from datavc.versioning.commits import commit_staged
from datavc.versioning.fsck import check_store
from datavc.versioning.gc import collect_garbage
from datavc.versioning.repos import create_repo
from datavc.versioning.resolve import get_tree
from datavc.versioning.staging import list_staged
from datavc.versioning.upkeep_turn import upkeep_turn
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from tests.crash import crash_worker
from tests.crash.crash_worker import DEAD_BYTES, content, kept_content, secret

KILLS = int(os.environ.get("KILLS", "120"))
#: What runs at once until it is killed.
KINDS = ("write", "scratch", "collect", "purge")
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
    #: What must be there, by path.
    kept: dict[str, bytes] = field(default_factory=dict)
    #: What must be there unless its purge went so far before it was killed.
    secrets: dict[str, bytes] = field(default_factory=dict)
    #: Those among them that must be gone.
    purged: set[str] = field(default_factory=set)

    def hear(self, pipe: Pipe) -> None:
        """Take down what a killed process was told."""
        try:
            while pipe.poll():
                self.take(*pipe.recv())
        except EOFError:
            pass

    def take(self, word: str, text: str) -> None:
        """Take down one thing that was acknowledged."""
        name, _, number = text.partition("/")
        if word in ("staged", "committed"):
            self.kept[text] = content(name, int(number))
        elif word == "kept":
            self.kept[text] = kept_content(name, int(number))
        elif word == "secret":
            self.secrets[f"secret/{text}"] = secret(name, int(number))
        elif word == "purged":
            self.purged.add(f"secret/{text}")


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
    # However slow the machine is, there is something to look for.
    while killed < KILLS or len(world.kept) <= KILLS / 4:
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
    _check(world, deep=True)
    _complete(world)


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
    """All that was acknowledged is there, byte for byte, and nothing is damaged."""
    if list_staged(world.vs, "data", "main"):
        commit_staged(world.vs, "data", "main", message="rest", author="ann")
    found = _read(world.vs)
    assert [path for path in {**world.kept, **world.secrets} if path not in found] == []
    assert [path for path, data in world.kept.items() if found[path] != data] == []
    for path, data in world.secrets.items():
        assert found[path] is None or (found[path] == data and path not in world.purged)
    assert check_store(world.vs, deep=deep).problems == ()


def _read(vs: VersionedStore) -> dict[str, bytes | None]:
    """Every file of the branch with its content; ``None`` where that was purged."""
    found: dict[str, bytes | None] = {}
    for path, entry in scan(get_tree(vs, "data", "main"), vs.nodes):
        try:
            found[path] = b"".join(read_content(vs.objects, entry))
        except Purged:
            found[path] = None
    return found


def _complete(world: World) -> None:
    """What was killed can be done to its end, and then leaves nothing to do."""
    vs = world.vs
    time.sleep(1)
    with upkeep_turn(vs):
        pass
    unfinished = set(world.secrets) - world.purged
    if unfinished:
        digests = {digest_of(world.secrets[path]) for path in unfinished}
        purge.purge(vs, digests, subject="unfinished", author="ann")
        world.purged |= unfinished
    # Whatever the killed ones came to, here is a pack that must be rewritten.
    crash_worker.scratch(vs, "last", 0, lambda told: world.take(*told))
    crash_worker.forget_events(vs, "ann")
    done = _collect(vs)
    assert done.rewritten_packs
    assert done.dropped_packs
    left = _collect(vs, dry_run=True)
    assert (left.rewritten_packs, left.dropped_packs, left.orphans) == (0, 0, 0)
    _check(world, deep=True)


def _collect(vs: VersionedStore, *, dry_run: bool = False) -> Collection:
    return collect_garbage(
        vs, grace_s=-1, unreachable_keep_s=-1, dead_bytes=DEAD_BYTES, dry_run=dry_run
    )
