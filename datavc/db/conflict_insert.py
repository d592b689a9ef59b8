"""``INSERT ... ON CONFLICT``, which each of the two databases spells in its own module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Table, literal_column
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


def insert_into(conn: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert into *table* that can say what to do when the row is there already."""
    if conn.dialect.name == "postgresql":
        # Slow to import, and not needed with SQLite.
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    return sqlite.insert(table)


def insert_if_new(conn: Connection, table: Table, values: Mapping[str, object]) -> bool:
    """Insert one row; ``False``, with nothing changed, when its key or a unique value is taken."""
    # The row count of an insert is not kept by SQLAlchemy, but what it returns is.
    statement = insert_into(conn, table).values(**values).on_conflict_do_nothing()
    return conn.execute(statement.returning(literal_column("1"))).first() is not None
