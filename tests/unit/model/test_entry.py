"""When two entries are the same file."""

from __future__ import annotations

from dataclasses import replace

from datavc.model.entry import ChunkRef, Entry, EntryKind, Location

PLACE = Location(bytes(16), 32, 100)
ENTRY = Entry(7, b"d" * 32, (ChunkRef(b"d" * 32, 7, PLACE),))


def test_content_is_the_same_wherever_it_lies() -> None:
    moved = replace(ENTRY, refs=(ChunkRef(b"d" * 32, 7, replace(PLACE, offset=500)),))
    assert ENTRY.same_content(moved)
    assert ENTRY.same_content(replace(ENTRY, refs=(), depth=1))


def test_what_makes_another_file() -> None:
    assert not ENTRY.same_content(None)
    assert not ENTRY.same_content(replace(ENTRY, digest=b"e" * 32))
    assert not ENTRY.same_content(replace(ENTRY, size=8))
    assert not ENTRY.same_content(replace(ENTRY, executable=True))
    assert not ENTRY.same_content(replace(ENTRY, kind=EntryKind.SYMLINK))
