"""Waiting for others to change the database, at next to no cost.

PostgreSQL tells by NOTIFY. SQLite counts the commits of others in memory that all connections
share, and looking at the count takes microseconds. What comes is a hint: whoever waits looks
for what there is to do by itself, and also does so from time to time without any.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import Protocol

from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

_CHANNEL = "datavc_news"
#: Of what makes no work: how jobs come on, and what they print. Triggers of the database tell it.
_PROGRESS = "datavc_progress"
#: Seconds between two looks at SQLite's count.
_LOOK_S = 0.05
#: Seconds after which a connection that broke is made anew.
_RECONNECT_S = 1.0


class News(Protocol):
    """Tells that somebody has changed the database. For one thread."""

    def wait(self, seconds: float) -> bool:
        """Wait for a change since the last call; whether there may have been one.

        The first call may miss what came before it: look first, and wait then.
        """

    def close(self) -> None:
        """Let go of the connection."""


def announce(conn: Connection) -> None:
    """In a transaction that makes work for engines, or ends some: wake those that wait."""
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql(f"NOTIFY {_CHANNEL}")


def announce_progress(conn: Connection) -> None:
    """In a transaction that shows how a job comes on: wake those that watch, and no engines."""
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql(f"NOTIFY {_PROGRESS}")


def open_news(url: URL, *, progress: bool = False) -> News:
    """News of the database at *url*; with *progress*, also of how jobs come on.

    SQLite does not tell one from the other.
    """
    if url.get_backend_name() == "postgresql":
        return _PostgresqlNews(url, (_CHANNEL, _PROGRESS) if progress else (_CHANNEL,))
    return _SqliteNews(url.database or "")


class _SqliteNews:
    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._seen: int | None = self._look()

    def wait(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while True:
            found = self._look()
            if found is None or found != self._seen:
                self._seen = found
                # A file that cannot be read may be back by the next look.
                time.sleep(0 if found is not None else min(seconds, _RECONNECT_S))
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(_LOOK_S, left))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _look(self) -> int | None:
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(
                    self._path, isolation_level=None, check_same_thread=False
                )
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error:
            self.close()
            return None


class _PostgresqlNews:
    def __init__(self, url: URL, channels: tuple[str, ...]) -> None:
        self._channels = channels
        # Of its own: a connection that listens cannot do anything else.
        self._engine: Engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        self._connection: Connection | None = None
        with contextlib.suppress(SQLAlchemyError):
            self._listen()

    def wait(self, seconds: float) -> bool:
        import psycopg

        try:
            if self._connection is None:
                # What came while nobody listened is not told again.
                self._listen()
                return True
            driver = self._connection.connection.driver_connection
            if not isinstance(driver, psycopg.Connection):
                return True
            return any(True for _ in driver.notifies(timeout=seconds, stop_after=1))
        except (SQLAlchemyError, psycopg.Error):
            self._drop()
            time.sleep(min(seconds, _RECONNECT_S))
            return True

    def close(self) -> None:
        self._drop()
        self._engine.dispose()

    def _listen(self) -> None:
        self._connection = self._engine.connect()
        for channel in self._channels:
            self._connection.execute(text(f"LISTEN {channel}"))

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(SQLAlchemyError):
                connection.invalidate()
                connection.close()
