"""Queries on requests that were carried out, by the key that the client made for each."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from datavc.db.conflict_insert import insert_if_new
from datavc.db.tables import Request

#: Microseconds for which a request is remembered.
REMEMBERED_US = 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request that was carried out."""

    #: Digest of what was asked for.
    digest: bytes
    #: What is needed to give the answer again.
    answer: dict[str, object]


def add(
    conn: Connection, key: str, digest: bytes, answer: dict[str, object], *, time_us: int
) -> bool:
    """Remember a request, and forget old ones; ``False`` when the key is known already."""
    conn.execute(delete(Request).where(Request.c.created_us < time_us - REMEMBERED_US))
    row = {"key": key, "digest": digest, "answer": answer, "created_us": time_us}
    return insert_if_new(conn, Request, row)


def find(conn: Connection, key: str) -> RequestRow | None:
    """The request of that key, or ``None``."""
    row = conn.execute(
        select(Request.c.digest, Request.c.answer).where(Request.c.key == key)
    ).first()
    return None if row is None else RequestRow(*row)
