"""Queries on packs."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from datavc.db.conflict_insert import insert_if_new
from datavc.db.tables import Chunk, Pack


@dataclass(frozen=True, slots=True)
class PackRow:
    """A durable pack."""

    #: 16 bytes.
    id: bytes
    #: Bytes, footer included.
    size: int
    #: Chunks that the index was told of when the pack was added.
    chunks: int
    created_us: int


def create(conn: Connection, pack: PackRow) -> bool:
    """Add a pack; ``False`` when it is known already."""
    row = {
        "id": pack.id,
        "size": pack.size,
        "chunks": pack.chunks,
        "created_us": pack.created_us,
    }
    return insert_if_new(conn, Pack, row)


def find(conn: Connection, pack: bytes) -> PackRow | None:
    """The pack with this id, or ``None``."""
    row = conn.execute(
        select(Pack.c.id, Pack.c.size, Pack.c.chunks, Pack.c.created_us).where(Pack.c.id == pack)
    ).first()
    return None if row is None else PackRow(*row)


def list_packs(conn: Connection, *, after: bytes = b"", limit: int = 1000) -> list[PackRow]:
    """Packs by id, which is by age, from the first id past *after*."""
    statement = (
        select(Pack.c.id, Pack.c.size, Pack.c.chunks, Pack.c.created_us)
        .where(Pack.c.id > after)
        .order_by(Pack.c.id)
        .limit(limit)
    )
    return [PackRow(*row) for row in conn.execute(statement)]


def remove(conn: Connection, pack: bytes) -> bool:
    """Forget a pack and where its chunks lay; ``False`` when it is not known.

    Scans the chunk index, which has no order by pack: the price of fast inserts.
    """
    conn.execute(delete(Chunk).where(Chunk.c.pack == pack))
    return conn.execute(delete(Pack).where(Pack.c.id == pack)).rowcount == 1
