"""Backups as docs/operations.md says: taken beside writers, and put back as of a point in time."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest

import datavc
from tests.services.postgres import PostgresServer
from tests.services.s3 import S3Server


class Place(Protocol):
    """Where a datavc is, and how it is saved."""

    def environment(self) -> dict[str, str]: ...
    def save_database(self, copy: Path) -> None: ...
    def save_store(self, copy: Path) -> None: ...
    def lose(self) -> None:
        """Database and store are gone; what was cached of them is not."""

    def restore(self, database: Path, store: Path) -> None: ...


class Folder:
    """SQLite and a folder."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def environment(self) -> dict[str, str]:
        return {"DATAVC_HOME": str(self._home)}

    def save_database(self, copy: Path) -> None:
        source, target = sqlite3.connect(self._home / "datavc.db"), sqlite3.connect(copy)
        with closing(source), closing(target):
            source.backup(target)

    def save_store(self, copy: Path) -> None:
        subprocess.run(["cp", "-a", "-u", f"{self._home / 'store'}/.", str(copy)], check=True)

    def lose(self) -> None:
        shutil.rmtree(self._home / "store")
        for name in ("datavc.db", "datavc.db-wal", "datavc.db-shm"):
            (self._home / name).unlink(missing_ok=True)

    def restore(self, database: Path, store: Path) -> None:
        shutil.copy(database, self._home / "datavc.db")
        shutil.copytree(store, self._home / "store")


class Shared:
    """PostgreSQL and S3."""

    def __init__(self, home: Path, url: str, postgres: PostgresServer, s3: S3Server) -> None:
        self._home = home
        self._url = url
        self._programs = postgres.binaries
        self._s3 = s3
        self._bucket = f"backup-{uuid4().hex}"

    def environment(self) -> dict[str, str]:
        return {
            **self._s3.environment,
            "DATAVC_HOME": str(self._home),
            "DATAVC_DATABASE": self._url,
            "DATAVC_STORE": f"s3://{self._bucket}/datavc",
        }

    def save_database(self, copy: Path) -> None:
        self._run("pg_dump", "--format=custom", f"--file={copy}", self._url)

    def save_store(self, copy: Path) -> None:
        self._rclone("copy", f":s3:{self._bucket}/datavc", str(copy))

    def lose(self) -> None:
        self._run("psql", "-qc", "DROP SCHEMA public CASCADE", self._url)
        self._run("psql", "-qc", "CREATE SCHEMA public", self._url)
        self._rclone("purge", f":s3:{self._bucket}")

    def restore(self, database: Path, store: Path) -> None:
        self._run("pg_restore", f"--dbname={self._url}", str(database))
        self._rclone("copy", str(store), f":s3:{self._bucket}/datavc")

    def _run(self, program: str, *arguments: str) -> None:
        environment = {**os.environ, "PGOPTIONS": "-c client_min_messages=warning"}
        subprocess.run([self._programs / program, *arguments], check=True, env=environment)

    def _rclone(self, *arguments: str) -> None:
        program = Path(sys.executable).with_name("rclone")
        flags = ["--config=/dev/null", "--s3-env-auth", "--s3-provider=SeaweedFS"]
        endpoint = f"--s3-endpoint={self._s3.endpoint}"
        environment = {**os.environ, **self._s3.environment}
        command = [str(program), *arguments, *flags, endpoint]
        subprocess.run(command, check=True, env=environment, capture_output=True)


@pytest.fixture(
    params=["folder", pytest.param("shared", marks=[pytest.mark.s3, pytest.mark.postgres])]
)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    made: Place = Folder(tmp_path / "home")
    if request.param == "shared":
        made = Shared(
            tmp_path / "home",
            request.getfixturevalue("postgres_url"),
            request.getfixturevalue("postgres_server"),
            request.getfixturevalue("s3_server"),
        )
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    return made


@contextmanager
def writing() -> Iterator[None]:
    """Somebody commits all the time."""
    stop = threading.Event()

    def write() -> None:
        with datavc.connect(author="writer") as client:
            number = 0
            while not stop.is_set():
                client.put(os.urandom(200_000), f"busy:/{number}", message=f"{number}")
                number += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def back_up(place: Place, folder: Path, name: str) -> None:
    """The database first: whatever it points at is in the store by then."""
    place.save_database(folder / name)
    (folder / "store").mkdir(exist_ok=True)
    place.save_store(folder / "store")


def fsck() -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "datavc_cli", "fsck", "--deep"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_point_in_time_is_restored(place: Place, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    contents = {name: os.urandom(3_000_000) for name in ("monday", "tuesday", "wednesday")}
    with datavc.connect(author="ada") as client:
        for repo in ("data", "busy"):
            client.create_repo(repo)
        for name in ("monday", "tuesday"):
            client.put(contents[name], f"data:/{name}", message=name)
            with writing():
                back_up(place, copies, name)
        late = tmp_path / "late"
        late.write_bytes(contents["wednesday"])
        client.put(late, "data:/late", message="wednesday")
        client.gc(grace_s=0)
    place.lose()
    # The store has been copied on after it, which does no harm.
    place.restore(copies / "monday", copies / "store")
    checked = fsck()
    assert checked.returncode == 0, checked.stdout + checked.stderr
    with datavc.connect(author="ada") as client:
        assert [commit.message for commit in client.log("data")] == ["monday"]
        assert client.read("data:/monday") == contents["monday"]
        # Work goes on from there, and what later days had stored is collected.
        client.put(contents["tuesday"], "data:/again", message="again")
        client.put(late, "data:/late", message="what no copy of the store has")
        assert client.gc(grace_s=0).orphans
        assert client.read("data:/again") == contents["tuesday"]
        assert client.read("data:/late") == contents["wednesday"]
        assert client.fsck(deep=True).is_sound


def test_a_pack_that_was_not_copied_is_named(place: Place, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    with datavc.connect(author="ada") as client:
        client.create_repo("data")
        client.put(os.urandom(3_000_000), "data:/a", message="a")
    back_up(place, copies, "database")
    pack = max((copies / "store").rglob("*.pack"), key=lambda path: path.stat().st_size)
    pack.unlink()
    place.lose()
    place.restore(copies / "database", copies / "store")
    checked = fsck()
    assert checked.returncode == 1
    assert pack.stem in checked.stdout + checked.stderr
