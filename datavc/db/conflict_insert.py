"""``INSERT ... ON CONFLICT``, which each of the two databases spells in its own module."""

from __future__ import annotations

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from datavc.db.tables import Base


def insert_into(conn: Connection, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """An insert into *table* that knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""
    if conn.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
