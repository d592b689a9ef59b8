"""The chunk index and the packs it knows: the same on both databases."""

from __future__ import annotations

import os

import pytest

from datavc.db import packs
from datavc.db.chunks import SqlChunkIndex
from datavc.db.session import Database
from datavc.errors import Collected, DatavcError
from datavc.model.entry import ChunkRef, Location


def make_chunks(count: int, pack: bytes) -> list[ChunkRef]:
    return [ChunkRef(os.urandom(32), 500, Location(pack, n * 10, 10)) for n in range(count)]


def test_the_chunk_index_finds_what_packs_hold(database: Database) -> None:
    index = SqlChunkIndex(database)
    pack = b"1" * 16
    chunks = make_chunks(1300, pack)
    index.add_pack(pack, 2**33, chunks)
    unknown = [os.urandom(32) for _ in range(1300)]
    known = [chunk.digest for chunk in chunks]
    assert index.lookup(unknown + known + known) == {chunk.digest: chunk for chunk in chunks}
    assert index.lookup([]) == {}
    with database.read() as conn:
        row = packs.find(conn, pack)
        assert row is not None
        assert (row.size, row.chunks) == (2**33, 1300)
        assert packs.find(conn, b"2" * 16) is None


def test_a_chunk_keeps_its_first_place(database: Database) -> None:
    index = SqlChunkIndex(database)
    first = make_chunks(1, b"1" * 16)[0]
    index.add_pack(b"1" * 16, 10, [first])
    moved = ChunkRef(first.digest, 500, Location(b"2" * 16, 3, 4))
    index.add_pack(b"2" * 16, 10, [moved])
    index.add_pack(b"2" * 16, 10, [])
    assert index.lookup([first.digest]) == {first.digest: first}


@pytest.mark.parametrize("are_known", [True, False])
def test_a_dropped_pack_takes_its_chunks_along(database: Database, are_known: bool) -> None:
    index = SqlChunkIndex(database)
    made = make_chunks(2, b"2" * 16)
    for name in (b"1", b"3"):
        index.add_pack(name * 16, 10, make_chunks(1, name * 16))
    index.add_pack(b"2" * 16, 10, made)
    # One was known from another pack, and keeps its place there.
    elsewhere = make_chunks(1, b"1" * 16)[0].digest
    chunks = [*(chunk.digest for chunk in made), elsewhere] if are_known else None
    with database.write() as conn:
        packs.drop(conn, [b"2" * 16], time_us=1, chunks=chunks)
        packs.drop(conn, [b"2" * 16], time_us=2, chunks=chunks)
        listed = packs.list_packs(conn)
        assert [row.id for row in listed] == [b"1" * 16, b"3" * 16]
        assert packs.list_packs(conn, after=b"1" * 16, limit=1) == listed[1:]


def test_a_dropped_pack_is_not_made_known_again(database: Database) -> None:
    index = SqlChunkIndex(database)
    with database.write() as conn:
        assert packs.drop_unknown(conn, [b"1" * 16], time_us=1) == [b"1" * 16]
    with pytest.raises(Collected):
        index.add_pack(b"1" * 16, 10, make_chunks(1, b"1" * 16))
    index.add_pack(b"2" * 16, 10, make_chunks(1, b"2" * 16))
    with database.write() as conn:
        assert packs.drop_unknown(conn, [b"2" * 16], time_us=1) == []
        packs.check_known(conn, [b"2" * 16])
        with pytest.raises(Collected):
            packs.check_known(conn, [b"1" * 16, b"2" * 16])


def test_a_broken_statement_does_not_leak_the_drivers_error(database: Database) -> None:
    index = SqlChunkIndex(database)
    with database.write() as conn:
        conn.exec_driver_sql("ALTER TABLE chunks RENAME TO gone")
    with pytest.raises(DatavcError, match="chunks"):
        index.lookup([b"x" * 32])


@pytest.mark.postgres
def test_a_copy_that_fails_is_told_and_leaves_nothing(postgres_with_tables: str) -> None:
    from datavc.db.postgresql_copy import copy_rows

    database = Database.open(postgres_with_tables)

    def add_and_copy() -> None:
        with database.write() as conn:
            packs.create(conn, packs.PackRow(b"1" * 16, 1, 1, 1))
            copy_rows(conn, "nowhere (x)", ["int8"], [(1,)])

    with pytest.raises(DatavcError, match="nowhere"):
        add_and_copy()
    with database.read() as conn:
        assert packs.list_packs(conn) == []
    database.close()
