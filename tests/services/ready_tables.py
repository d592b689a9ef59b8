"""Tables as migrations make them: to copy them takes a tenth of the time."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path

from sqlalchemy import Connection

from datavc.db.migrations.upgrade import upgrade
from datavc.db.schema_version import current_revision
from datavc.db.session import Database

_TRANSACTION = {"BEGIN TRANSACTION;", "COMMIT;"}


def copy_tables(connection: Connection) -> None:
    """In place of :func:`upgrade`: an empty SQLite database is not migrated."""
    if connection.dialect.name != "sqlite" or current_revision(connection) is not None:
        upgrade(connection)
        return
    for statement in _statements():
        connection.exec_driver_sql(statement)


@cache
def _statements() -> tuple[str, ...]:
    with tempfile.TemporaryDirectory(prefix="datavc-tables-") as folder:
        path = Path(folder) / "datavc.db"
        with (
            closing(Database.open_as_it_is(f"sqlite:///{path}")) as database,
            database.write() as connection,
        ):
            upgrade(connection)
        with closing(sqlite3.connect(path)) as migrated:
            return tuple(line for line in migrated.iterdump() if line not in _TRANSACTION)
