"""Tree nodes: leaves that hold entries, inner nodes that hold children, and their bytes.

A stored node has two sections. The logical one says which paths hold which content; the node's
digest covers it alone. The physical one says where the bytes lie, and may be rewritten when they
move. Both are columns, so that a reader pays only for what it looks at.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import msgspec

from datavc.errors import DataCorrupt, UnknownFormat
from datavc.model.entry import Entry, Location
from datavc.model.ids import DIGEST_SIZE, digest_of
from datavc.model.tree.columns import EntryColumns, EntryPlaces, Natural, PlaceColumns

_LEAF = 0


@dataclass(frozen=True, slots=True)
class ChildRef:
    """A subtree, as its parent knows it."""

    #: The smallest path below.
    first: str
    #: Digest of the node's logical section.
    digest: bytes
    location: Location
    #: Files below.
    files: int
    #: Sum of their plain sizes, in bytes.
    bytes: int
    #: 0 for a leaf.
    level: int


class Leaf:
    """A node of entries, decoded no further than what is asked for."""

    level = 0
    __slots__ = ("_decoded", "_physical", "columns")

    def __init__(self, columns: EntryColumns, physical: bytes | EntryPlaces) -> None:
        self.columns = columns
        self._physical = b""
        self._decoded: EntryPlaces | None = None
        if isinstance(physical, EntryPlaces):
            self._decoded = physical
        else:
            self._physical = physical

    @property
    def paths(self) -> list[str]:
        """The paths in order."""
        return self.columns.paths

    def entry(self, index: int) -> Entry:
        """The entry at *index*.

        Raises:
            DataCorrupt: the physical section cannot be read.
        """
        return self.places.entry(self.columns, index)

    def entries(self) -> list[Entry]:
        """Every entry in order.

        Raises:
            DataCorrupt: the physical section cannot be read.
        """
        return self.places.entries(self.columns)

    def index_from(self, key: str) -> int:
        """Index of the first path that is not below *key*."""
        return bisect_left(self.columns.paths, key)

    def with_replaced(self, indices: Sequence[int], entries: Sequence[Entry]) -> Leaf:
        """The leaf with other *entries* at *indices*, at less cost than building it anew.

        Raises:
            DataCorrupt: the physical section cannot be read.
        """
        places = self.places.with_replaced(self.columns, indices, entries)
        return Leaf(self.columns.with_replaced(indices, entries), places)

    def encode(self) -> EncodedNode:
        """Its bytes.

        Raises:
            DataCorrupt: the physical section cannot be read.
        """
        return _encoded(_encode(self.columns), _encode(self.places))

    @property
    def places(self) -> EntryPlaces:
        """Where the entries' contents lie.

        Raises:
            DataCorrupt: the physical section cannot be read.
        """
        if self._decoded is None:
            try:
                places = _decode_entry_places(self._physical)
            except msgspec.DecodeError as error:
                raise DataCorrupt(f"a leaf's list of locations cannot be read: {error}") from None
            places.check(self.columns)
            self._decoded = places
        return self._decoded


class Inner:
    """A node of subtrees."""

    __slots__ = ("bytes", "digests", "files", "firsts", "level", "locations")

    def __init__(self, logical: _InnerLogical, locations: list[Location]) -> None:
        self.level = logical.level
        self.firsts = logical.firsts
        self.digests = logical.digests
        self.files = logical.files
        self.bytes = logical.sizes
        self.locations = locations

    def __len__(self) -> int:
        return len(self.firsts)

    def child(self, index: int) -> ChildRef:
        """The subtree at *index*."""
        return ChildRef(
            self.firsts[index],
            self.digests[index * DIGEST_SIZE : (index + 1) * DIGEST_SIZE],
            self.locations[index],
            self.files[index],
            self.bytes[index],
            self.level - 1,
        )

    def index_of(self, key: str) -> int:
        """Index of the only subtree that may hold *key*."""
        return max(bisect_right(self.firsts, key) - 1, 0)


Node = Leaf | Inner


class NodeSource(Protocol):
    """Where nodes and change sets are read from."""

    def load(self, digest: bytes, location: Location) -> Node:
        """The node of that digest.

        Raises:
            DataCorrupt: what lies there is not that node.
        """

    def load_change_set(self, digest: bytes, location: Location) -> bytes:
        """The payload of a change-set record."""


class NodeSink(Protocol):
    """Where nodes and change sets are written to."""

    def save(self, digest: bytes, payload: bytes) -> Location:
        """Store a node and say where it lies."""

    def save_change_set(self, digest: bytes, payload: bytes) -> Location:
        """Store a change-set record and say where it lies."""


class EncodedNode(NamedTuple):
    """A node ready to be stored."""

    digest: bytes
    payload: bytes


class _Payload(msgspec.Struct, array_like=True, frozen=True):
    logical: bytes
    physical: bytes


class _InnerLogical(msgspec.Struct, array_like=True, frozen=True):
    level: Natural
    firsts: list[str]
    digests: bytes
    files: list[Natural]
    sizes: list[Natural]


_encode = msgspec.msgpack.Encoder().encode
_decode_payload = msgspec.msgpack.Decoder(_Payload).decode
_decode_inner = msgspec.msgpack.Decoder(_InnerLogical).decode
_decode_columns = msgspec.msgpack.Decoder(EntryColumns).decode
_decode_entry_places = msgspec.msgpack.Decoder(EntryPlaces).decode
_decode_places = msgspec.msgpack.Decoder(PlaceColumns).decode


def encode_leaf(items: Sequence[tuple[str, Entry]]) -> EncodedNode:
    """The bytes of a leaf that holds *items*, which are sorted by path."""
    return Leaf(EntryColumns.of(items), EntryPlaces.of([entry for _, entry in items])).encode()


def encode_inner(level: int, children: Sequence[ChildRef]) -> EncodedNode:
    """The bytes of an inner node of *level* over *children*, which are sorted."""
    logical = _InnerLogical(
        level,
        [child.first for child in children],
        b"".join([child.digest for child in children]),
        [child.files for child in children],
        [child.bytes for child in children],
    )
    places = PlaceColumns.of([child.location for child in children])
    return _encoded(_encode(logical), _encode(places))


def _encoded(logical: bytes, physical: bytes) -> EncodedNode:
    return EncodedNode(digest_of(logical), _encode(_Payload(logical, physical)))


def decode_node(payload: bytes | bytearray | memoryview, digest: bytes) -> Node:
    """Read a stored node back.

    Raises:
        DataCorrupt: the bytes are not the node of that digest.
        UnknownFormat: a newer datavc wrote it.
    """
    try:
        parts = _decode_payload(payload)
        if digest_of(parts.logical) != digest:
            raise DataCorrupt(f"the bytes of tree node {digest.hex()} do not match its digest")
        # The level is the first element of the logical array, behind a one-byte array header.
        if parts.logical[1] == _LEAF:
            columns = _decode_columns(parts.logical)
            columns.check()
            return Leaf(columns, parts.physical)
        logical = _decode_inner(parts.logical)
        return Inner(logical, _checked(logical, _decode_places(parts.physical)))
    except (msgspec.DecodeError, UnicodeDecodeError, IndexError) as error:
        raise DataCorrupt(f"tree node {digest.hex()} cannot be read: {error}") from None


def _checked(logical: _InnerLogical, places: PlaceColumns) -> list[Location]:
    locations = places.locations()
    count = len(logical.firsts)
    lengths = (len(logical.digests), len(logical.files), len(logical.sizes), len(locations))
    if not count or lengths != (count * DIGEST_SIZE, count, count, count):
        raise UnknownFormat("an inner tree node has columns of different lengths")
    return locations
