"""Many processes on one branch, and processes that are killed: nothing acknowledged is lost."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from datavc.versioning.commits import commit_staged
from datavc.versioning.history import log
from datavc.versioning.repos import create_repo
from datavc.versioning.staging import list_staged, stage
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from tests.integration.versioning_writer import content
from tests.services.small_store import commit_files, read_files, store_changes

WRITER = Path(__file__).with_name("versioning_writer.py")


class World:
    """A versioned store that several processes open."""

    def __init__(self, home: Path, database: str) -> None:
        self.home = home
        self.database = database
        self.vs = open_versioned_store(home, database_url=database or None)
        create_repo(self.vs, "data", author="ann")

    def start(self, name: str, count: int) -> subprocess.Popen[str]:
        command = [sys.executable, str(WRITER), str(self.home), self.database, name, str(count)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    database = "" if request.param == "sqlite" else request.getfixturevalue("postgres_with_tables")
    made = World(tmp_path / "home", database)
    yield made
    made.vs.close()


def acknowledged(process: subprocess.Popen[str], word: str = "committed") -> set[int]:
    out, _ = process.communicate()
    return {int(line.split()[1]) for line in out.splitlines() if line.startswith(word)}


def check_history(vs: VersionedStore) -> None:
    """Every commit holds its parent's files and new ones: nothing is dropped on the way."""
    before = 0
    for commit in reversed(list(log(vs, "data", "main"))):
        assert commit.files > before
        before = commit.files


def test_processes_that_write_at_once_all_land(world: World) -> None:
    writers = {name: world.start(name, 12) for name in ("a", "b", "c")}
    for process in writers.values():
        assert acknowledged(process) == set(range(12))
        assert process.returncode == 0
    expected = {f"{name}/{n}": content(name, n) for name in writers for n in range(12)}
    assert read_files(world.vs) == expected
    check_history(world.vs)


def test_killed_writers_lose_nothing_that_was_acknowledged(world: World) -> None:
    chance = random.Random(7)
    expected: dict[str, bytes] = {}
    staged: dict[str, bytes] = {}
    for round_number in range(8):
        names = [f"w{round_number}-{index}" for index in range(2)]
        writers = [world.start(name, 1000) for name in names]
        for process in writers:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        heard: dict[str, list[str]] = {name: [] for name in names}
        for name, process in zip(names, writers, strict=True):
            # However slow the machine is, something is acknowledged before the kill.
            heard[name] = [process.stdout.readline() for _ in range(chance.randrange(1, 5))]
        time.sleep(chance.uniform(0, 0.1))
        for name, process in zip(names, writers, strict=True):
            process.send_signal(signal.SIGKILL)
            out, _ = process.communicate()
            for word, number in (line.split() for line in (*heard[name], *out.splitlines())):
                kept = expected if word == "committed" else staged
                kept[f"{name}/{number}"] = content(name, int(number))
    found = read_files(world.vs)
    assert {path: found.get(path) for path in expected} == expected
    assert len(expected) > 10
    check_history(world.vs)
    for path, data in found.items():
        name, number = path.split("/")
        assert data == content(name, int(number))
    # What was acknowledged as staged is committed, or still staged.
    if list_staged(world.vs, "data", "main"):
        commit_staged(world.vs, "data", "main", message="rest", author="ann")
    found = read_files(world.vs)
    assert {path: found.get(path) for path in staged} == staged


def test_threads_that_put_and_commit_at_once(world: World) -> None:
    barrier = threading.Barrier(8)

    def write(number: int) -> None:
        barrier.wait()
        for step in range(4):
            files = {f"t{number}/{step}": f"{number} {step}".encode()}
            if number % 2:
                commit_files(world.vs, files)
            else:
                stage(world.vs, "data", "main", store_changes(world.vs, files), author="t")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert len(list_staged(world.vs, "data", "main")) == 16
    commit_staged(world.vs, "data", "main", message="rest", author="ann")
    assert read_files(world.vs) == {
        f"t{number}/{step}": f"{number} {step}".encode() for number in range(8) for step in range(4)
    }
    check_history(world.vs)
