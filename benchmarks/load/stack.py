"""The real stack: PostgreSQL that waits for the disk, an S3 server, and two datavc servers."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.row import Missing
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from tests.services.postgres import PostgresServer, running_postgres
from tests.services.s3 import S3Server, running_s3
from tests.services.server_process import ServerProcess


class LoadedServer:
    """One datavc server, and the options that it is started with."""

    def __init__(self, name: str, home: Path, token_file: Path, place: dict[str, str]) -> None:
        self.name = name
        self._options = ("--no-engine", "--token-file", str(token_file))
        self._process = ServerProcess(home, **place)
        #: Its address, once it was started, and its number among the processes while it runs.
        self.url = ""
        self.pid: int | None = None
        #: What the servers that are gone by now have said of errors.
        self.said = ""

    def start(self) -> None:
        """Start it; returns once it answers."""
        self.url = self._process.start(*self._options)
        self.pid = self._process.pid

    def stop(self) -> None:
        """Kill it."""
        self.pid = None
        if self._process.is_running:
            _, said = self._process.stop(signal.SIGKILL)
            self.said += said


@dataclass(frozen=True)
class Stack:
    """All of it. Nothing is shared but the database and the bucket."""

    folder: Path
    token: str
    database: str
    store: str
    postgres: PostgresServer
    s3: S3Server
    servers: list[LoadedServer]
    urls: list[str]

    @contextlib.contextmanager
    def opened(self) -> Iterator[VersionedStore]:
        """What is stored, past the servers."""
        with open_versioned_store(self.folder / "check", self.store, self.database) as vs:
            yield vs


@contextlib.contextmanager
def running_stack(folder: Path) -> Iterator[Stack]:
    """Start all of it, and stop it at the end.

    Raises:
        Missing: PostgreSQL or the S3 server is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    token, token_file = secrets.token_hex(16), folder / "token"
    token_file.write_text(token)
    with contextlib.ExitStack() as stack:
        try:
            postgres = stack.enter_context(running_postgres(durable=True))
            s3 = stack.enter_context(running_s3())
        except (pytest.skip.Exception, pytest.fail.Exception) as error:
            raise Missing(str(error)) from None
        cache = {"XDG_CACHE_HOME": str(folder / "cache")}
        stack.enter_context(_environment(s3.environment | cache))
        database = stack.enter_context(postgres.database())
        store = "s3://load/datavc"
        place = {"DATAVC_DATABASE": database, "DATAVC_STORE": store, "DATAVC_TOKEN": ""}
        servers = stack.enter_context(started_servers(folder, token_file, place))
        urls = [server.url for server in servers]
        yield Stack(folder, token, database, store, postgres, s3, servers, urls)


@contextlib.contextmanager
def started_servers(
    folder: Path, token_file: Path, place: dict[str, str], count: int = 2
) -> Iterator[list[LoadedServer]]:
    """Servers of one datavc, with homes of their own below *folder*; *place* are variables."""
    with contextlib.ExitStack() as stack:
        servers = []
        for number in range(1, count + 1):
            home = folder / f"server-{number}"
            server = LoadedServer(f"server {number}", home, token_file, place)
            stack.callback(server.stop)
            server.start()
            servers.append(server)
        yield servers


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Variables of this process, and of those that it starts, for as long as the block runs."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
