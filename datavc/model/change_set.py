"""Change sets: sorted lists of path -> entry or removal, and how they are written down.

A change set is one record, or, when it is long, several that one index record lists. So neither
writing nor reading one needs memory in proportion to it. The byte layout is in
``docs/format/tree.md``.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from datavc.errors import DataCorrupt, InvalidInput
from datavc.model.entry import Change, Entry, Location
from datavc.model.ids import DIGEST_SIZE, digest_of
from datavc.model.tree.columns import EntryColumns, EntryPlaces, PlaceColumns
from datavc.model.tree.node import NodeSink, NodeSource

#: Changes in one record.
SEGMENT_CHANGES = 32 * 1024


@dataclass(frozen=True, slots=True)
class StagedRecord:
    """A change set that is stored already: where its record lies, and what it adds up to."""

    digest: bytes
    location: Location
    #: Paths put, paths removed, and the put files' plain bytes.
    puts: int
    removals: int
    bytes: int


class _Segment(msgspec.Struct, array_like=True, frozen=True, tag="changes"):
    """Puts and removals, each sorted."""

    puts: EntryColumns
    places: EntryPlaces
    removals: list[str]


class _Index(msgspec.Struct, array_like=True, frozen=True, tag="index"):
    """The segments of a long change set, in order."""

    digests: bytes
    places: PlaceColumns


_encode = msgspec.msgpack.Encoder().encode
_decoder: msgspec.msgpack.Decoder[_Segment | _Index] = msgspec.msgpack.Decoder(_Segment | _Index)


class ChangeSetWriter:
    """Writes one change set through *sink*, a segment at a time."""

    def __init__(self, sink: NodeSink) -> None:
        self._sink = sink
        self._puts: list[tuple[str, Entry]] = []
        self._removals: list[str] = []
        self._segments: list[tuple[bytes, Location]] = []
        self._counts = [0, 0, 0]
        self._last: str | None = None

    def add(self, path: str, entry: Entry | None) -> None:
        """Append a put, or a removal where *entry* is ``None``.

        Raises:
            InvalidInput: *path* is not above the one before.
        """
        if self._last is not None and path <= self._last:
            raise InvalidInput(f"changes are not sorted: {path!r} after {self._last!r}")
        self._last = path
        if entry is None:
            self._removals.append(path)
            self._counts[1] += 1
        else:
            self._puts.append((path, entry))
            self._counts[0] += 1
            self._counts[2] += entry.size
        if len(self._puts) + len(self._removals) >= SEGMENT_CHANGES:
            self._end_segment()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was added."""
        return self._last is None

    def finish(self) -> StagedRecord:
        """Write what is left. The record may be empty."""
        if self._puts or self._removals or not self._segments:
            self._end_segment()
        if len(self._segments) == 1:
            digest, location = self._segments[0]
        else:
            places = PlaceColumns.of([place for _, place in self._segments])
            digest, location = self._save(
                _Index(b"".join([one for one, _ in self._segments]), places)
            )
        puts, removals, size = self._counts
        return StagedRecord(digest, location, puts, removals, size)

    def _end_segment(self) -> None:
        puts, removals = self._puts, self._removals
        self._puts, self._removals = [], []
        places = EntryPlaces.of([entry for _, entry in puts])
        self._segments.append(self._save(_Segment(EntryColumns.of(puts), places, removals)))

    def _save(self, record: _Segment | _Index) -> tuple[bytes, Location]:
        payload = _encode(record)
        digest = digest_of(payload)
        return digest, self._sink.save_change_set(digest, payload)


def read_change_set(location: Location, digest: bytes, source: NodeSource) -> Iterator[Change]:
    """The changes of a stored change set, sorted by path.

    Raises:
        DataCorrupt: its records are not what was written.
    """
    for segment in _segments(location, digest, source):
        yield from _changes(segment)


def read_segments(
    location: Location, digest: bytes, source: NodeSource
) -> Iterator[tuple[EntryColumns, EntryPlaces]]:
    """What a stored change set puts, as columns.

    Raises:
        DataCorrupt: its records are not what was written.
    """
    for segment in _segments(location, digest, source):
        segment.puts.check()
        segment.places.check(segment.puts)
        yield segment.puts, segment.places


def _segments(location: Location, digest: bytes, source: NodeSource) -> Iterator[_Segment]:
    record = _read(location, digest, source)
    if isinstance(record, _Segment):
        yield record
        return
    locations = record.places.locations()
    if len(record.digests) != len(locations) * DIGEST_SIZE:
        raise DataCorrupt(f"change set {digest.hex()} has an index that does not fit together")
    for at, place in enumerate(locations):
        segment = _read(place, record.digests[at * DIGEST_SIZE : (at + 1) * DIGEST_SIZE], source)
        if not isinstance(segment, _Segment):
            raise DataCorrupt(f"change set {digest.hex()} lists another index")
        yield segment


def change_set_locations(
    location: Location, digest: bytes, source: NodeSource
) -> Iterator[Location]:
    """Where every record of a stored change set lies, its own first."""
    yield location
    record = _read(location, digest, source)
    if isinstance(record, _Index):
        yield from record.places.locations()


def merge_change_sets(change_sets: Sequence[Iterator[Change]]) -> Iterator[Change]:
    """One change set out of several, given oldest first: the newest word on a path stands."""
    if len(change_sets) == 1:
        yield from change_sets[0]
        return
    tagged = [_tagged(changes, -age) for age, changes in enumerate(change_sets)]
    last: str | None = None
    for path, _, entry in heapq.merge(*tagged, key=_by_path_and_age):
        if path != last:
            yield path, entry
            last = path


def _tagged(changes: Iterator[Change], age: int) -> Iterator[tuple[str, int, Entry | None]]:
    for path, entry in changes:
        yield path, age, entry


def _by_path_and_age(item: tuple[str, int, Entry | None]) -> tuple[str, int]:
    return item[0], item[1]


def _read(location: Location, digest: bytes, source: NodeSource) -> _Segment | _Index:
    payload = source.load_change_set(digest, location)
    if digest_of(payload) != digest:
        raise DataCorrupt(f"the bytes of change set {digest.hex()} do not match its digest")
    try:
        return _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataCorrupt(f"change set {digest.hex()} cannot be read: {error}") from None


def _changes(segment: _Segment) -> Iterator[Change]:
    segment.puts.check()
    segment.places.check(segment.puts)
    puts: Iterator[Change] = zip(
        segment.puts.paths, segment.places.entries(segment.puts), strict=True
    )
    if not segment.removals:
        return puts
    removals: Iterator[Change] = ((path, None) for path in segment.removals)
    return heapq.merge(puts, removals, key=_path_of)


def _path_of(change: Change) -> str:
    return change[0]
