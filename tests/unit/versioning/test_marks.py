"""Marks: what they count, and that they take no memory in proportion."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest

from datavc.errors import DataCorrupt
from datavc.model.entry import Location
from datavc.model.tree.columns import PlaceColumns
from datavc.versioning.marks import Marks, Stale
from datavc.versioning.moved_records import MovedRecords

P, Q = b"p" * 16, b"q" * 16


class NothingMoved(MovedRecords):
    def __init__(self) -> None:
        self._packs = frozenset()


@pytest.fixture
def marks() -> Iterator[Marks]:
    with Marks(NothingMoved()) as made:
        yield made


def columns(*places: Location) -> PlaceColumns:
    return PlaceColumns.of(places)


def test_the_first_use_and_the_last_one_are_told(marks: Marks) -> None:
    place = Location(P, 32, 100)
    assert [marks.add(place), marks.add(place)] == [True, False]
    assert [marks.drop(place), marks.drop(place)] == [False, True]
    with pytest.raises(Stale):
        marks.drop(place)


def test_what_is_used_of_each_pack(marks: Marks) -> None:
    marks.add_columns(columns(Location(P, 32, 100), Location(Q, 32, 7), Location(P, 132, 50)))
    marks.add_columns(columns(Location(P, 32, 100)))
    assert (marks.bytes_in(P), marks.bytes_in(Q), marks.bytes_in(b"r" * 16)) == (150, 7, 0)
    assert sorted(marks.packs()) == [P, Q]
    assert marks.of_pack(P).has(132)
    assert not marks.of_pack(P).has(133)
    marks.drop_columns(columns(Location(P, 32, 100), Location(Q, 32, 7)))
    assert (marks.bytes_in(P), marks.bytes_in(Q)) == (150, 0)
    assert [marks.has_pack(pack) for pack in (P, Q)] == [True, False]
    assert list(marks.packs()) == [P]


def test_what_was_not_counted_cannot_be_taken_off(marks: Marks) -> None:
    marks.add_columns(columns(Location(P, 32, 100)))
    marks.drop_columns(columns(Location(P, 132, 100)))
    with pytest.raises(Stale):
        marks.has_pack(P)


def test_a_place_behind_all_packs_is_damage(marks: Marks) -> None:
    for far in (Location(P, 1 << 32, 1), Location(P, 1 << 70, 1)):
        with pytest.raises(DataCorrupt):
            marks.add(far)
        with pytest.raises(DataCorrupt):
            marks.add_columns(columns(far))


def test_bytes_of_owners(marks: Marks) -> None:
    marks.add_columns(columns(Location(P, 32, 100), Location(P, 132, 10)))
    assert marks.charge(0) == 110
    marks.add_columns(columns(Location(P, 132, 10), Location(Q, 32, 1)))
    assert marks.charge(1) == 11
    assert marks.charge(2) == 0
    unique = marks.unique_bytes()
    assert (unique.get(0), unique.get(1), unique.get(2)) == (100, 1, None)


def test_memory_does_not_grow_with_the_number_of_uses() -> None:
    few, many = (_peak_of(count) for count in (600, 6_000))
    # 64 records in each batch: 38,400 uses fill what is gathered, 384,000 do no more.
    assert many < 1.2 * few


def _peak_of(batches: int) -> int:
    with Marks(NothingMoved()) as marks:
        tracemalloc.start()
        try:
            for batch in range(batches):
                pack = (batch // 250).to_bytes(16)
                start = 32 + batch % 250 * 64 * 100
                places = [Location(pack, start + at * 100, 100) for at in range(64)]
                marks.add(Location(Q, 32 + batch * 100, 100))
                marks.add_columns(columns(*places))
            assert marks.bytes_in((0).to_bytes(16)) == 250 * 64 * 100
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
