"""The deduplication index in SQL: where known chunks lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from datavc.db import packs
from datavc.db.clock import now_us
from datavc.db.session import Database
from datavc.db.tables import Chunk, Pack
from datavc.errors import Collected
from datavc.model.entry import ChunkRef, Location

# Digests in one SQLite statement (measured, fewer and more are both slower), and rows inserted by
# one of PostgreSQL.
_BATCH = 500

_COLUMNS = 'digest, size, pack, "offset", length'


class SqlChunkIndex:
    """A chunk index (see ``datavc.store.chunk_index``) in a database. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def lookup(self, digests: Sequence[bytes]) -> dict[bytes, ChunkRef]:
        """The subset of *digests* that is stored already, each with its place.

        Raises:
            DatabaseUnavailable, DataCorrupt: the database cannot tell.
        """
        if not digests:
            return {}
        with self._database.read() as connection:
            if self._database.dialect_name == "postgresql":
                found = _lookup_postgresql(connection, digests)
            else:
                found = _lookup_sqlite(connection, digests)
        return {chunk.digest: chunk for chunk in found}

    def add_pack(self, pack: bytes, size: int, chunks: Sequence[ChunkRef]) -> None:
        """Make a durable pack of *size* bytes known, and its *chunks* with it.

        A chunk known from another pack keeps its first place.

        Raises:
            DatabaseUnavailable, OutOfSpace: nothing was added.
            Collected: the pack was taken for garbage before it was added.
        """
        # Whatever relies on the pack is committed later: it cannot outlive this.
        with self._database.write(durable=False) as connection:
            add_pack(connection, pack, size, chunks)


def add_pack(connection: Connection, pack: bytes, size: int, chunks: Sequence[ChunkRef]) -> None:
    """See :meth:`SqlChunkIndex.add_pack`."""
    # In key order, each page of the index is touched once, and two writers that meet in
    # PostgreSQL wait for each other instead of dying of a deadlock.
    ordered = sorted(chunks, key=lambda chunk: chunk.digest)
    _add_pack(connection, packs.PackRow(pack, size, len(chunks), now_us()))
    if not ordered:
        return
    if connection.dialect.name == "postgresql":
        _insert_postgresql(connection, ordered)
    else:
        _insert_sqlite(connection, ordered)


def _add_pack(connection: Connection, row: packs.PackRow) -> None:
    packs.announce_addition(connection)
    if packs.was_dropped(connection, row.id):
        raise Collected(
            f"pack {row.id.hex()} was collected before it was made known",
            hint="write it again: nothing was made visible",
        )
    packs.create(connection, row)


def count_stray(connection: Connection) -> int:
    """How many lines of the index name packs that are not known."""
    return connection.execute(
        select(func.count()).select_from(Chunk).where(Chunk.c.pack.not_in(select(Pack.c.id)))
    ).scalar_one()


def remove_stray(connection: Connection) -> int:
    """Remove the lines of the index that name packs which are not known."""
    statement = delete(Chunk).where(Chunk.c.pack.not_in(select(Pack.c.id)))
    return connection.execute(statement).rowcount


def _lookup_sqlite(connection: Connection, digests: Sequence[bytes]) -> list[ChunkRef]:
    found: list[ChunkRef] = []
    ordered = sorted(set(digests))
    for start in range(0, len(ordered), _BATCH):
        batch = tuple(ordered[start : start + _BATCH])
        marks = ",".join("?" * len(batch))
        query = f"SELECT {_COLUMNS} FROM chunks WHERE digest IN ({marks})"  # noqa: S608
        found.extend(_chunks(connection.exec_driver_sql(query, batch).all()))
    return found


def _lookup_postgresql(connection: Connection, digests: Sequence[bytes]) -> list[ChunkRef]:
    query = f"SELECT {_COLUMNS} FROM chunks WHERE digest = ANY(%b)"  # noqa: S608
    return list(_chunks(connection.exec_driver_sql(query, (list(digests),)).all()))


def _chunks(rows: Sequence[Row[*tuple[Any, ...]]]) -> Iterator[ChunkRef]:
    for digest, size, pack, offset, length in rows:
        yield ChunkRef(digest, size, Location(pack, offset, length))


def _rows(chunks: Sequence[ChunkRef]) -> list[tuple[bytes, int, bytes, int, int]]:
    return [
        (c.digest, c.size, c.location.pack, c.location.offset, c.location.length) for c in chunks
    ]


def _insert_sqlite(connection: Connection, chunks: Sequence[ChunkRef]) -> None:
    connection.exec_driver_sql(
        f"INSERT OR IGNORE INTO chunks ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)",  # noqa: S608
        _rows(chunks),
    )


def _insert_postgresql(connection: Connection, chunks: Sequence[ChunkRef]) -> None:
    if len(chunks) <= _BATCH:
        # Most packs hold few chunks: one statement, where a copy takes four.
        connection.exec_driver_sql(
            f"INSERT INTO chunks ({_COLUMNS}) SELECT * FROM"  # noqa: S608
            " unnest(%b::bytea[], %b::int8[], %b::bytea[], %b::int8[], %b::int8[])"
            " ORDER BY 1 ON CONFLICT DO NOTHING",
            tuple(list(column) for column in zip(*_rows(chunks), strict=True)),
        )
        return
    # A driver that not everybody has.
    from datavc.db.postgresql_copy import copy_rows

    connection.exec_driver_sql(
        "CREATE TEMPORARY TABLE IF NOT EXISTS new_chunks (LIKE chunks) ON COMMIT DELETE ROWS"
    )
    copy_rows(
        connection,
        f"new_chunks ({_COLUMNS})",
        ["bytea", "int8", "bytea", "int8", "int8"],
        _rows(chunks),
    )
    connection.exec_driver_sql(
        f"INSERT INTO chunks ({_COLUMNS})"  # noqa: S608
        f" SELECT {_COLUMNS} FROM new_chunks ORDER BY digest ON CONFLICT DO NOTHING"
    )
