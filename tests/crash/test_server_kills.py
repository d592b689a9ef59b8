"""A server that is killed at any moment under clients that write: nothing acknowledged is lost.

``KILLS`` says how often, as for the other crash tests; a fifteenth of it here.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import datavc
from datavc.db import commits
from datavc.versioning.commits import commit_staged
from datavc.versioning.fsck import check_store
from datavc.versioning.gc import collect_garbage
from datavc.versioning.staging import list_staged
from datavc.versioning.tags import list_tags
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from tests.crash.http_clients import HttpClient, Told
from tests.services.server_process import ServerProcess
from tests.services.small_store import read_files

KILLS = max(int(os.environ.get("KILLS", "120")) // 15, 4)
CLIENTS = 4


@dataclass
class World:
    """What is served, and the ways that bytes take, one after the other."""

    home: Path
    server: ServerProcess
    ways: tuple[str, ...]
    store: str | None = None
    database: str | None = None

    def open(self) -> VersionedStore:
        return open_versioned_store(self.home, self.store, self.database)


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.s3])]
)
def world(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """SQLite and a folder, or PostgreSQL and S3."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    home = tmp_path / "home"
    if request.param == "sqlite":
        made = World(home, ServerProcess(home), ("--direct", "--no-direct"))
    else:
        s3: Any = request.getfixturevalue("s3_server")
        database = request.getfixturevalue("postgres_with_tables")
        store = f"s3://datavc-integration/{uuid4().hex}"
        for name, value in s3.environment.items():
            monkeypatch.setenv(name, value)
        server = ServerProcess(home, DATAVC_STORE=store, DATAVC_DATABASE=database)
        made = World(home, server, ("--presigned", "--no-presigned"), store, database)
    with closing(made.server):
        yield made


def test_nothing_that_a_server_acknowledged_is_lost(world: World) -> None:
    chance = random.Random(5)
    told = Told()
    with datavc.connect(world.server.start()) as client:
        client.create_repo("data")
        client.put(b"first", "data:/first", message="first")
    world.server.stop(signal.SIGTERM)
    for way in world.ways:
        write_while_killed(world.server, way, told, chance)
    assert len(told.files) > KILLS / 2
    with world.open() as vs:
        check(vs, told)
        # What the killed ones left can be collected, and nothing else goes with it.
        collect_garbage(vs, grace_s=-1, unreachable_keep_s=-1, dead_bytes=50_000)
        check(vs, told)


def write_while_killed(server: ServerProcess, way: str, told: Told, chance: random.Random) -> None:
    """Let clients write, bytes taking one way, and kill the server under them time and again."""
    url = server.start(way)
    over = threading.Event()
    with ThreadPoolExecutor(CLIENTS) as pool:
        writers = [HttpClient(f"{way.strip('-')}{n}", url, told) for n in range(CLIENTS)]
        working = [pool.submit(writer.work, over) for writer in writers]
        try:
            for _ in range(KILLS // 2):
                time.sleep(chance.uniform(0.05, 1.5))
                server.stop(signal.SIGKILL)
                server.start(way)
            # Let those finish that wait for it to come back.
            wanted = len(told.files) + KILLS // 2
            while len(told.files) <= wanted and not any(one.done() for one in working):
                time.sleep(0.05)
        finally:
            over.set()
            if not server.is_running:
                server.start(way)
        for one in working:
            one.result()
    server.stop(signal.SIGTERM)


def check(vs: VersionedStore, told: Told) -> None:
    """Every file byte for byte, every commit once, every tag where it was set."""
    found = read_files(vs)
    assert [path for path, data in told.files.items() if found.get(path) != data] == []
    whole = {**told.files, **told.unknown, "first": b"first"}
    assert [path for path, data in found.items() if whole[path] != data] == []
    for branch in {branch for branch, _ in told.staged}:
        if list_staged(vs, "data", branch):
            commit_staged(vs, "data", branch, message="rest", author="ann")
        there = read_files(vs, branch)
        wanted = {path: data for (of, path), data in told.staged.items() if of == branch}
        assert [path for path, data in wanted.items() if there.get(path) != data] == []
    with vs.db.read() as conn:
        known = commits.get_many(conn, commits.all_ids(conn))
    rows = {name: commit.message for name, commit in known.items()}
    assert {name: rows.get(name) for name in told.commits} == told.commits
    # A request that was sent again was carried out once.
    messages = Counter(message for message in rows.values() if message in whole)
    assert [message for message, times in messages.items() if times > 1] == []
    tags = {tag.name: tag.commit for tag in list_tags(vs, "data")}
    assert {name: tags.get(name) for name in told.tags} == told.tags
    assert check_store(vs, deep=True).problems == ()
