"""Bringing the tables of a database up to date, and back."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from datavc.db.schema_version import REVISIONS, Schema, current_revision, inspect_schema
from datavc.errors import InvalidInput, UnknownFormat

# Any number, as long as every datavc uses the same: "dvcm" in ASCII.
_ADVISORY_LOCK = 0x6476636D
_WAL_TIMEOUT_S = 30.0


def prepare(engine: Engine) -> None:
    """Do what cannot be done inside a transaction: turn on SQLite's write-ahead log."""
    if engine.dialect.name != "sqlite":
        return
    deadline = time.monotonic() + _WAL_TIMEOUT_S
    while not _turn_on_wal(engine, last_try=time.monotonic() > deadline):
        time.sleep(0.02)


def _turn_on_wal(engine: Engine, *, last_try: bool) -> bool:
    statement = "PRAGMA journal_mode=WAL"
    connection = engine.raw_connection()
    try:
        connection.cursor().execute(statement)
    except sqlite3.Error as error:
        # SQLite does not always wait for others here, whatever the busy timeout.
        if error.sqlite_errorname.startswith("SQLITE_BUSY") and not last_try:
            return False
        raise OperationalError(statement, None, error) from error
    finally:
        connection.close()
    return True


def upgrade(connection: Connection) -> None:
    """Apply the missing revisions in the caller's write transaction.

    Of several processes that come at once, one does it and the others find it done.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
    if inspect_schema(connection) in (Schema.EMPTY, Schema.OLDER):
        command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration for working on *connection*."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def roll_back(connection: Connection, revision: str) -> None:
    """Undo the revisions after *revision* in the caller's write transaction.

    What only they have tables and columns for is gone then.

    Raises:
        InvalidInput: no earlier revision than the database's is called so.
        UnknownFormat: a newer datavc has upgraded it, and only that can undo what it did.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
    current = current_revision(connection)
    if current is not None and current not in REVISIONS:
        raise UnknownFormat(
            f"the database is at revision {current} of a newer datavc",
            hint="roll it back with that one",
        )
    earlier = () if current is None else REVISIONS[: REVISIONS.index(current)]
    if revision not in earlier:
        raise InvalidInput(
            f"the database is at revision {current}, and {revision!r} is none before it",
            hint=f"choose one of {', '.join(earlier) or 'none'}",
        )
    command.downgrade(alembic_config(connection), revision)
