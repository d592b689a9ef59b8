"""Queries on what was purged."""

from __future__ import annotations

from sqlalchemy import Connection, select

from datavc.db.conflict_insert import insert_if_new
from datavc.db.tables import Purge
from datavc.model.collection import PurgeInfo


def add(conn: Connection, purge: PurgeInfo) -> None:
    """Keep in mind what was purged."""
    insert_if_new(
        conn,
        Purge,
        {
            "id": purge.id,
            "subject": purge.subject,
            "reason": purge.reason,
            "contents": purge.contents,
            "freed_bytes": purge.freed_bytes,
            "author": purge.author,
            "time_us": purge.time_us,
        },
    )


def list_all(conn: Connection) -> list[PurgeInfo]:
    """All that was purged, newest first."""
    columns = Purge.c
    statement = select(
        columns.id,
        columns.subject,
        columns.reason,
        columns.contents,
        columns.freed_bytes,
        columns.author,
        columns.time_us,
    ).order_by(columns.time_us.desc(), columns.id)
    return [PurgeInfo(*row) for row in conn.execute(statement)]
