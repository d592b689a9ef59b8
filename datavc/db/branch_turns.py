"""Turns among the processes that commit to one branch, which would otherwise lose to each other.

A turn is a courtesy: the compare-and-swap decides, with or without one. So whoever does not get a
turn in good time goes on all the same, and a killed process lets go of its own.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from xxhash import xxh3_64_hexdigest, xxh3_64_intdigest

#: So long is waited at most, in seconds.
_PATIENCE_S = 10.0
#: Connections that wait for turns or have them, at most: a server of PostgreSQL has a hundred.
_KEPT, _MOST = 4, 12
_POLL_S = 0.001
_LONGEST_POLL_S = 0.003


class BranchTurns(Protocol):
    """Turns at branches."""

    def take(self, branch: str) -> contextlib.AbstractContextManager[None]:
        """Wait for the turn at a branch, and have it until the block is left."""

    def close(self) -> None:
        """Let go of connections."""


class FileTurns:
    """Locks on files beside an SQLite database: all its processes run on one host.

    Args:
        folder: where they are; made when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def close(self) -> None:
        """Nothing is kept."""

    @contextlib.contextmanager
    def take(self, branch: str) -> Iterator[None]:
        """See :class:`BranchTurns`."""
        handle = self._open(branch)
        try:
            if handle is not None:
                _lock(handle)
            yield
        finally:
            if handle is not None:
                os.close(handle)

    def _open(self, branch: str) -> int | None:
        path = self._folder / xxh3_64_hexdigest(branch.encode())
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        with contextlib.suppress(OSError):
            try:
                return os.open(path, flags, 0o666)
            except FileNotFoundError:
                self._folder.mkdir(parents=True, exist_ok=True)
                return os.open(path, flags, 0o666)
        return None


def _lock(handle: int) -> None:
    # Not on every system.
    import fcntl

    deadline = time.monotonic() + _PATIENCE_S
    pause = _POLL_S
    while time.monotonic() < deadline:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_POLL_S)
        except OSError:
            return
        else:
            return


class AdvisoryTurns:
    """PostgreSQL's advisory locks, held by connections of their own.

    Not the pool's that transactions use: those who wait could leave none for whoever has the turn.

    Args:
        url: the database.
    """

    def __init__(self, url: URL) -> None:
        self._url = url
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let go of connections."""
        if self._engine is not None:
            self._engine.dispose()

    @contextlib.contextmanager
    def take(self, branch: str) -> Iterator[None]:
        """See :class:`BranchTurns`."""
        key = xxh3_64_intdigest(branch.encode()) - (1 << 63)
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(SQLAlchemyError):
                connection = stack.enter_context(self._connect())
                connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": key})
                stack.callback(_unlock, connection, key)
            yield

    def _connect(self) -> Connection:
        with self._lock:
            self._engine = self._engine or create_engine(
                self._url,
                isolation_level="AUTOCOMMIT",
                pool_size=_KEPT,
                max_overflow=_MOST - _KEPT,
                pool_timeout=_PATIENCE_S,
                connect_args={"options": f"-c lock_timeout={round(_PATIENCE_S * 1000)}"},
            )
        return self._engine.connect()


def _unlock(connection: Connection, key: int) -> None:
    try:
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})
    except SQLAlchemyError:
        # The server lets go of it with the connection.
        with contextlib.suppress(SQLAlchemyError):
            connection.invalidate()
