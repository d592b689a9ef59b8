"""Which version the tables of a database have, without importing the migrations."""

from __future__ import annotations

from enum import Enum, auto

from sqlalchemy import Connection, inspect

#: Every revision that this program knows, oldest first. The tests hold it to the migrations.
REVISIONS = (
    "0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011",
    "0012", "0013", "0014", "0015", "0016", "0017", "0018", "0019",
)  # fmt: skip


class Schema(Enum):
    """How a database's tables compare with this program's."""

    #: There are none yet.
    EMPTY = auto()
    OLDER = auto()
    CURRENT = auto()
    #: Of a revision that this program does not know.
    NEWER = auto()


def inspect_schema(connection: Connection) -> Schema:
    """Compare the database's tables with what this program needs."""
    revision = current_revision(connection)
    if revision is None:
        return Schema.EMPTY
    if revision not in REVISIONS:
        return Schema.NEWER
    return Schema.CURRENT if revision == REVISIONS[-1] else Schema.OLDER


def current_revision(connection: Connection) -> str | None:
    """The newest revision that the database has had, or ``None`` where it has no tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return None if row is None else str(row.version_num)
