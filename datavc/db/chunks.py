"""The deduplication index in SQL: where known chunks lie."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from datavc.db import packs
from datavc.db.clock import now_us
from datavc.db.session import Database
from datavc.model.entry import ChunkRef, Location

# Digests in one SQLite statement: measured, fewer and more are both slower.
_BATCH = 500

_Row = tuple[bytes, int, bytes, int, int]


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
                rows = _lookup_postgresql(connection, digests)
            else:
                rows = _lookup_sqlite(connection, digests)
        return {
            digest: ChunkRef(digest, size, Location(pack, offset, length))
            for digest, size, pack, offset, length in rows
        }

    def add_pack(self, pack: bytes, size: int, chunks: Sequence[ChunkRef]) -> None:
        """Make a durable pack of *size* bytes known, and its *chunks* with it.

        A chunk known from another pack keeps its first place.

        Raises:
            DatabaseUnavailable, OutOfSpace: nothing was added.
        """
        # In key order, each page of the index is touched once, and two writers that meet in
        # PostgreSQL wait for each other instead of dying of a deadlock.
        ordered = sorted(chunks, key=lambda chunk: chunk.digest)
        with self._database.write() as connection:
            packs.create(connection, packs.PackRow(pack, size, len(chunks), now_us()))
            if not ordered:
                return
            if self._database.dialect_name == "postgresql":
                _insert_postgresql(connection, ordered)
            else:
                _insert_sqlite(connection, ordered)


def _lookup_sqlite(connection: Connection, digests: Sequence[bytes]) -> list[_Row]:
    rows: list[_Row] = []
    ordered = sorted(set(digests))
    for start in range(0, len(ordered), _BATCH):
        batch = tuple(ordered[start : start + _BATCH])
        marks = ",".join("?" * len(batch))
        query = f'SELECT digest, size, pack, "offset", length FROM chunks WHERE digest IN ({marks})'  # noqa: S608
        rows.extend(row._tuple() for row in connection.exec_driver_sql(query, batch))
    return rows


def _lookup_postgresql(connection: Connection, digests: Sequence[bytes]) -> list[_Row]:
    query = 'SELECT digest, size, pack, "offset", length FROM chunks WHERE digest = ANY(%s)'
    return [row._tuple() for row in connection.exec_driver_sql(query, (list(digests),))]


def _insert_sqlite(connection: Connection, chunks: Sequence[ChunkRef]) -> None:
    connection.exec_driver_sql(
        'INSERT OR IGNORE INTO chunks (digest, size, pack, "offset", length)'
        " VALUES (?, ?, ?, ?, ?)",
        [(c.digest, c.size, c.location.pack, c.location.offset, c.location.length) for c in chunks],
    )


def _insert_postgresql(connection: Connection, chunks: Sequence[ChunkRef]) -> None:
    connection.exec_driver_sql(
        'INSERT INTO chunks (digest, size, pack, "offset", length)'
        " SELECT * FROM unnest(%s::bytea[], %s::bigint[], %s::bytea[], %s::bigint[], %s::bigint[])"
        " ON CONFLICT DO NOTHING",
        (
            [chunk.digest for chunk in chunks],
            [chunk.size for chunk in chunks],
            [chunk.location.pack for chunk in chunks],
            [chunk.location.offset for chunk in chunks],
            [chunk.location.length for chunk in chunks],
        ),
    )
