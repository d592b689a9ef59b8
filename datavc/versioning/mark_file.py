"""The file that marks are kept in: an SQLite database, since its memory stays as small as one says.

A file that is kept between runs is written so that neither a kill nor a power cut leaves it half
changed. Whoever finds it in use by somebody else, or cannot have it, works in a temporary one.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from pathlib import Path

#: Another version's file is not understood, and made anew.
_VERSION = 1
#: KiB of pages in memory, as SQLite wants it: negative.
_CACHE_KIB = -16 * 1024

_TABLES = """
CREATE TABLE IF NOT EXISTS packs (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    names INTEGER NOT NULL,
    bytes INTEGER,
    moved INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS records (
    mark INTEGER PRIMARY KEY,
    length INTEGER NOT NULL,
    uses INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS roots (
    mark INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    digest BLOB NOT NULL,
    length INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS pending (
    kind INTEGER NOT NULL,
    digest BLOB NOT NULL,
    pack BLOB NOT NULL,
    offset INTEGER NOT NULL,
    length INTEGER NOT NULL,
    size INTEGER NOT NULL,
    depth INTEGER NOT NULL,
    uses INTEGER NOT NULL
);
CREATE TEMP TABLE seen (
    mark INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    digest BLOB NOT NULL,
    length INTEGER NOT NULL
);
CREATE TEMP TABLE owners (
    mark INTEGER PRIMARY KEY,
    length INTEGER NOT NULL,
    owner INTEGER NOT NULL
);
"""


def open_temporary() -> sqlite3.Connection:
    """A file that is gone once it is closed.

    Raises:
        sqlite3.Error: it cannot be made.
    """
    # SQLite removes what has no name by itself, even when the process is killed.
    return _prepare(_connect(""), kept=False)


def open_kept(path: Path) -> sqlite3.Connection | None:
    """The file at *path*, made if need be; ``None`` where it is in use, or cannot be had."""
    for _ in range(2):
        connection = None
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            connection = _connect(str(path))
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            if _version(connection) in (0, _VERSION):
                connection.execute("COMMIT")
                return _prepare(connection, kept=True)
        except sqlite3.OperationalError:
            _close(connection)
            return None
        except sqlite3.DatabaseError:
            # It is no database, or was damaged.
            pass
        except OSError:
            return None
        _close(connection)
        forget_kept(path)
    return None


def forget_kept(path: Path) -> None:
    """Remove a file that nobody has open."""
    for name in (path, path.with_name(f"{path.name}-journal")):
        with contextlib.suppress(OSError):
            name.unlink(missing_ok=True)


def _connect(name: str) -> sqlite3.Connection:
    # Whoever has the file keeps it until the end of its run: to wait is no use.
    return sqlite3.connect(name, timeout=0, isolation_level=None, check_same_thread=False)


def _prepare(connection: sqlite3.Connection, *, kept: bool) -> sqlite3.Connection:
    connection.execute(f"PRAGMA cache_size={_CACHE_KIB}")
    connection.execute("PRAGMA temp_store=FILE")
    if kept:
        connection.execute("PRAGMA synchronous=FULL")
    else:
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("PRAGMA synchronous=OFF")
    connection.executescript(_TABLES)
    connection.execute(f"PRAGMA user_version={_VERSION}")
    connection.execute("BEGIN IMMEDIATE")
    return connection


def _version(connection: sqlite3.Connection) -> int:
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return found


def _close(connection: sqlite3.Connection | None) -> None:
    if connection is not None:
        connection.close()


#: Where temporary files are made, for messages.
TEMPORARY_FOLDER = tempfile.gettempdir()
