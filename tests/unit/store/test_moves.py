"""Where the records of rewritten packs went: the format, and following it."""

from __future__ import annotations

from pathlib import Path

import pytest

from datavc.errors import DataCorrupt, NotFound, Purged, UnknownFormat
from datavc.model.entry import Location
from datavc.store.backends.memory import MemoryBackend
from datavc.store.key import moves_key, moves_of_key
from datavc.store.moved_packs import MovedPacks
from datavc.store.moves import PackMoves, decode_moves, read_moves

OLD, NEW, LAST = b"\1" * 16, b"\2" * 16, b"\3" * 16
MOVES = PackMoves.of(OLD, {32: Location(NEW, 96, 10), 500: Location(LAST, 32, 20)}, purged=[200])
PINNED = Path(__file__).parents[2] / "fixtures/format/moves-v1.moves"


def test_the_format_is_pinned() -> None:
    assert MOVES.encode() == PINNED.read_bytes()
    assert decode_moves(PINNED.read_bytes(), OLD) == MOVES


def test_each_record_is_found() -> None:
    assert MOVES.find(Location(OLD, 32, 10)) == Location(NEW, 96, 10)
    assert MOVES.find(Location(OLD, 500, 20)) == Location(LAST, 32, 20)
    with pytest.raises(Purged):
        MOVES.find(Location(OLD, 200, 20))
    with pytest.raises(NotFound, match="offset 300"):
        MOVES.find(Location(OLD, 300, 20))


def test_damage_is_noticed() -> None:
    data = MOVES.encode()
    with pytest.raises(DataCorrupt, match="cut short"):
        decode_moves(data[:20], OLD)
    with pytest.raises(DataCorrupt, match="damaged"):
        decode_moves(data[:-1] + bytes([data[-1] ^ 1]), OLD)
    with pytest.raises(DataCorrupt, match="damaged"):
        decode_moves(data, NEW)
    with pytest.raises(UnknownFormat):
        decode_moves(data[:8] + b"\2" + data[9:], OLD)


def test_a_record_is_followed_through_many_packs() -> None:
    backend = MemoryBackend()
    moved = MovedPacks(backend)
    with pytest.raises(NotFound):
        moved.follow(Location(OLD, 32, 10))
    backend.put(moves_key(OLD), MOVES.encode())
    again = PackMoves.of(NEW, {96: Location(LAST, 640, 10)})
    backend.put(moves_key(NEW), again.encode())
    assert read_moves(backend, NEW) == again
    assert moved.follow(Location(OLD, 32, 10)) == Location(NEW, 96, 10)
    assert moved.place(Location(OLD, 32, 10)) == Location(NEW, 96, 10)
    moved.moves(NEW)
    assert moved.place(Location(OLD, 32, 10)) == Location(LAST, 640, 10)


def test_keys() -> None:
    assert moves_of_key(moves_key(OLD)) == OLD
    assert moves_of_key("moves/01/x.moves") is None
