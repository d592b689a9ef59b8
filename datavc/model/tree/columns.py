"""Entries as columns: what leaves and change sets share.

The logical columns (:class:`EntryColumns`) are what digests cover; the physical ones
(:class:`EntryPlaces`) say where the bytes of each entry lie.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec

from datavc.errors import DataCorrupt, UnknownFormat
from datavc.model.entry import PACK_ID_SIZE, ChunkRef, Entry, EntryKind, Location
from datavc.model.ids import DIGEST_SIZE

#: A number of something: readers refuse a negative one.
Natural = Annotated[int, msgspec.Meta(ge=0)]

_EXECUTABLE = 1
_KIND_FLAGS = {EntryKind.FILE: 0, EntryKind.SYMLINK: 2, EntryKind.EXTERNAL: 4}
_KINDS = {flag: kind for kind, flag in _KIND_FLAGS.items()}
#: Every combination that an entry may have.
_KNOWN_FLAGS = b"\0\1\2\4"


class PlaceColumns(msgspec.Struct, array_like=True, frozen=True):
    """Locations, with every pack id written once."""

    #: Distinct pack ids, 16 bytes each, in order of first use.
    packs: bytes
    #: For each location: index of its pack, offset and length.
    pack_of: list[Natural]
    offsets: list[Natural]
    lengths: list[Natural]

    @classmethod
    def of(cls, locations: Sequence[Location]) -> PlaceColumns:
        """The columns of *locations*."""
        table: dict[bytes, int] = {}
        pack_of = [table.setdefault(place.pack, len(table)) for place in locations]
        return cls(
            b"".join(table),
            pack_of,
            [place.offset for place in locations],
            [place.length for place in locations],
        )

    def with_replaced(self, indices: Sequence[int], locations: Sequence[Location]) -> PlaceColumns:
        """The columns with other *locations* at *indices*: just as :meth:`of` would make them."""
        packs = self.pack_ids()
        known = {pack: at for at, pack in enumerate(packs)}
        pack_of, offsets, lengths = self.pack_of[:], self.offsets[:], self.lengths[:]
        for index, location in zip(indices, locations, strict=True):
            if location.pack not in known:
                known[location.pack] = len(packs)
                packs.append(location.pack)
            pack_of[index] = known[location.pack]
            offsets[index], lengths[index] = location.offset, location.length
        used = {at: new for new, at in enumerate(dict.fromkeys(pack_of))}
        return PlaceColumns(
            b"".join([packs[at] for at in used]), [used[at] for at in pack_of], offsets, lengths
        )

    def locations(self) -> list[Location]:
        """Every location in order.

        Raises:
            DataCorrupt: the columns do not fit together.
        """
        self.check()
        packs = self.pack_ids()
        return [
            Location(packs[pack], offset, length)
            for pack, offset, length in zip(self.pack_of, self.offsets, self.lengths, strict=True)
        ]

    def pack_ids(self) -> list[bytes]:
        """The distinct pack ids."""
        return [
            self.packs[at : at + PACK_ID_SIZE] for at in range(0, len(self.packs), PACK_ID_SIZE)
        ]

    def location(self, index: int) -> Location:
        """The location at *index*."""
        start = self.pack_of[index] * PACK_ID_SIZE
        pack = self.packs[start : start + PACK_ID_SIZE]
        return Location(pack, self.offsets[index], self.lengths[index])

    def check(self) -> None:
        """Raise :class:`DataCorrupt` unless the columns fit together."""
        known = len(self.packs) // PACK_ID_SIZE
        if (
            not len(self.pack_of) == len(self.offsets) == len(self.lengths)
            or len(self.packs) % PACK_ID_SIZE
            or max(self.pack_of, default=-1) >= known
        ):
            raise DataCorrupt("a list of locations has columns that do not fit together")


class EntryColumns(msgspec.Struct, array_like=True, frozen=True):
    """What a leaf says of its paths. ``level`` comes first, as in inner nodes."""

    level: int
    paths: list[str]
    sizes: list[Natural]
    #: Content digests end to end.
    digests: bytes
    #: One byte an entry: 0 a file, 1 an executable one, 2 a symbolic link, 4 an external file.
    flags: bytes

    @classmethod
    def of(cls, items: Sequence[tuple[str, Entry]]) -> EntryColumns:
        """The columns of *items*."""
        return cls(
            0,
            [path for path, _ in items],
            [entry.size for _, entry in items],
            b"".join([entry.digest for _, entry in items]),
            bytes([flags_of(entry.kind, executable=entry.executable) for _, entry in items]),
        )

    def with_replaced(self, indices: Sequence[int], entries: Sequence[Entry]) -> EntryColumns:
        """The columns with other *entries* at *indices*."""
        sizes, digests, flags = self.sizes[:], bytearray(self.digests), bytearray(self.flags)
        for index, entry in zip(indices, entries, strict=True):
            sizes[index] = entry.size
            digests[index * DIGEST_SIZE : (index + 1) * DIGEST_SIZE] = entry.digest
            flags[index] = flags_of(entry.kind, executable=entry.executable)
        return EntryColumns(self.level, self.paths, sizes, bytes(digests), bytes(flags))

    def check(self) -> None:
        """Raise unless the columns fit together and hold nothing that this program can't read."""
        count = len(self.paths)
        if (len(self.sizes), len(self.digests), len(self.flags)) != (
            count,
            count * DIGEST_SIZE,
            count,
        ):
            raise DataCorrupt("a list of entries has columns of different lengths")
        if self.flags.translate(None, _KNOWN_FLAGS):
            raise UnknownFormat(
                "an entry has a property that this datavc does not know",
                hint="read it with a newer datavc",
            )

    def digest(self, index: int) -> bytes:
        """Content digest of the entry at *index*."""
        return self.digests[index * DIGEST_SIZE : (index + 1) * DIGEST_SIZE]


class EntryPlaces(msgspec.Struct, array_like=True, frozen=True):
    """Where the contents of entries lie.

    An entry with one reference of depth 0 is stored as one chunk, whose digest and size are the
    entry's own; only longer and deeper lists spell them out.
    """

    #: References of each entry, and how deep they are.
    counts: list[Natural]
    depths: list[Natural]
    places: PlaceColumns
    #: Digests and sizes of the references of the entries that spell them out.
    digests: bytes
    sizes: list[Natural]

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> EntryPlaces:
        """The columns of *entries*."""
        spelled = [ref for entry in entries if _spells_out(entry) for ref in entry.refs]
        return cls(
            [len(entry.refs) for entry in entries],
            [entry.depth for entry in entries],
            PlaceColumns.of([ref.location for entry in entries for ref in entry.refs]),
            b"".join([ref.digest for ref in spelled]),
            [ref.size for ref in spelled],
        )

    def with_replaced(
        self, columns: EntryColumns, indices: Sequence[int], entries: Sequence[Entry]
    ) -> EntryPlaces:
        """Where contents lie once other *entries* stand at *indices*; *columns* are the old ones.

        Raises:
            DataCorrupt: the columns do not fit together.
        """
        if self._is_plain and not any(map(_spells_out, entries)):
            locations = [entry.refs[0].location for entry in entries]
            places = self.places.with_replaced(indices, locations)
            return EntryPlaces(self.counts, self.depths, places, b"", [])
        items = self.entries(columns)
        for index, entry in zip(indices, entries, strict=True):
            items[index] = entry
        return EntryPlaces.of(items)

    def check(self, columns: EntryColumns) -> None:
        """Raise :class:`DataCorrupt` unless the columns fit together, and fit *columns*."""
        self.places.check()
        if self._is_plain:
            spelled = 0
        else:
            pairs = zip(self.counts, self.depths, strict=False)
            spelled = sum(count for count, depth in pairs if count != 1 or depth)
        if (
            not len(self.counts) == len(self.depths) == len(columns.paths)
            or sum(self.counts) != len(self.places.offsets)
            or len(self.digests) != spelled * DIGEST_SIZE
            or len(self.sizes) != spelled
        ):
            raise DataCorrupt("a list of entries does not fit its list of locations")

    def listed(self, columns: EntryColumns) -> Iterator[Entry]:
        """The entries whose references are chunk lists."""
        if any(self.depths):
            for index, depth in enumerate(self.depths):
                entry = self.entry(columns, index) if depth else None
                if entry is not None and entry.has_lists:
                    yield entry

    @property
    def _is_plain(self) -> bool:
        """Whether every entry is one chunk."""
        return self.counts.count(1) == len(self.counts) and not any(self.depths)

    def entry(self, columns: EntryColumns, index: int) -> Entry:
        """The entry at *index*."""
        count, depth = self.counts[index], self.depths[index]
        start = sum(self.counts[:index])
        size, digest = columns.sizes[index], columns.digest(index)
        if count == 1 and not depth:
            refs: tuple[ChunkRef, ...] = (ChunkRef(digest, size, self.places.location(start)),)
        elif count:
            refs = self._spelled_refs(index, start, count)
        else:
            refs = ()
        flags = columns.flags[index]
        return Entry(size, digest, refs, depth, flags == _EXECUTABLE, _kind(flags))

    def _spelled_refs(self, index: int, start: int, count: int) -> tuple[ChunkRef, ...]:
        pairs = zip(self.counts[:index], self.depths[:index], strict=True)
        before = sum(many for many, depth in pairs if many != 1 or depth)
        return tuple(
            ChunkRef(
                self.digests[at * DIGEST_SIZE : (at + 1) * DIGEST_SIZE],
                self.sizes[at],
                self.places.location(start + at - before),
            )
            for at in range(before, before + count)
        )

    def entries(self, columns: EntryColumns) -> list[Entry]:
        """Every entry in order, at less cost than one by one."""
        places = self.places.locations()
        found: list[Entry] = []
        start = spelled = 0
        for index, (count, depth) in enumerate(zip(self.counts, self.depths, strict=True)):
            size, digest = columns.sizes[index], columns.digest(index)
            refs: tuple[ChunkRef, ...]
            if count == 1 and not depth:
                refs = (ChunkRef(digest, size, places[start]),)
            else:
                refs = tuple(
                    ChunkRef(
                        self.digests[at * DIGEST_SIZE : (at + 1) * DIGEST_SIZE],
                        self.sizes[at],
                        places[start + at - spelled],
                    )
                    for at in range(spelled, spelled + count)
                )
                spelled += count
            start += count
            flags = columns.flags[index]
            found.append(Entry(size, digest, refs, depth, flags == _EXECUTABLE, _kind(flags)))
        return found


def flags_of(kind: EntryKind, *, executable: bool) -> int:
    """The flags of an entry; only a file can be executable."""
    return _KIND_FLAGS[kind] or int(executable)


def _kind(flags: int) -> EntryKind:
    return _KINDS.get(flags, EntryKind.FILE)


def _spells_out(entry: Entry) -> bool:
    return len(entry.refs) != 1 or entry.depth > 0
