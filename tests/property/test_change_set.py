"""Change sets: written and read back, and merged like dicts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datavc.errors import DataCorrupt, InvalidInput
from datavc.model import change_set
from datavc.model.change_set import (
    ChangeSetWriter,
    StagedRecord,
    change_set_locations,
    merge_change_sets,
    read_change_set,
)
from datavc.model.entry import Entry
from datavc.testing.strategies import NodeMemory, entries, paths, simple_entries

changes = st.dictionaries(paths, st.one_of(st.none(), entries()), max_size=20)
simple_changes = st.dictionaries(paths, st.one_of(st.none(), simple_entries), max_size=20)


def write(changed: dict[str, Entry | None], memory: NodeMemory) -> StagedRecord:
    writer = ChangeSetWriter(memory)
    for path in sorted(changed):
        writer.add(path, changed[path])
    return writer.finish()


@given(changes)
def test_what_is_written_is_read(changed: dict[str, Entry | None]) -> None:
    memory = NodeMemory()
    record = write(changed, memory)
    assert list(read_change_set(record.location, record.digest, memory)) == sorted(
        changed.items(), key=lambda change: change[0]
    )
    puts = [entry for entry in changed.values() if entry is not None]
    assert record.puts == len(puts)
    assert record.removals == len(changed) - len(puts)
    assert record.bytes == sum(entry.size for entry in puts)


@given(changed=simple_changes)
def test_long_ones_are_cut_into_segments(changed: dict[str, Entry | None]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(change_set, "SEGMENT_CHANGES", 3)
        memory = NodeMemory()
        record = write(changed, memory)
    assert dict(read_change_set(record.location, record.digest, memory)) == changed
    locations = list(change_set_locations(record.location, record.digest, memory))
    assert len(locations) == len(memory.saved)


@given(st.lists(simple_changes, max_size=4))
def test_the_newest_word_stands(change_sets: list[dict[str, Entry | None]]) -> None:
    merged: dict[str, Entry | None] = {}
    for one in change_sets:
        merged |= one
    streams = [iter(sorted(one.items(), key=lambda c: c[0])) for one in change_sets]
    assert list(merge_change_sets(streams)) == sorted(merged.items(), key=lambda c: c[0])


def test_unsorted_changes_are_refused() -> None:
    writer = ChangeSetWriter(NodeMemory())
    writer.add("b", None)
    with pytest.raises(InvalidInput, match="'a' after 'b'"):
        writer.add("a", None)


def test_other_bytes_are_noticed() -> None:
    memory = NodeMemory()
    record = write({"a": None}, memory)
    payload = memory.load_change_set(record.digest, record.location)
    place = memory.save_change_set(record.digest, payload[:-1] + b"?")
    with pytest.raises(DataCorrupt, match="do not match its digest"):
        list(read_change_set(place, record.digest, memory))


def test_a_negative_size_is_refused() -> None:
    memory = NodeMemory()
    record = write({"a": Entry(-1, bytes(32))}, memory)
    with pytest.raises(DataCorrupt, match="cannot be read"):
        list(read_change_set(record.location, record.digest, memory))
