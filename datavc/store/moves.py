"""Where the records of a pack went that was rewritten: what a reader asks when a pack is gone.

Trees go on naming the old place, so no id changes. The byte layout is in ``docs/format/moves.md``.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from xxhash import xxh3_128_digest

from datavc.errors import DataCorrupt, NotFound, Purged, UnknownFormat
from datavc.model.entry import PACK_ID_SIZE, Location
from datavc.store.backend import Backend, Buffer
from datavc.store.key import moves_key

_MAGIC = b"DVCMOVED"
_VERSION = 1
_HEADER = struct.Struct("<8sII16s16s")
#: In place of a target's index: the record was purged.
_PURGED = -1


class _Columns(msgspec.Struct, array_like=True, frozen=True):
    """The body. The column order is part of the format."""

    #: Ids of the packs that records went to, end to end.
    packs: bytes
    #: Offsets in the old pack, rising.
    offsets: list[int]
    #: For each: index of its pack, or -1 where it was purged, and its offset there.
    pack_of: list[int]
    targets: list[int]


@dataclass(frozen=True, slots=True)
class PackMoves:
    """Where each record of one pack went."""

    pack: bytes
    _columns: _Columns

    @classmethod
    def of(
        cls, pack: bytes, moved: Mapping[int, Location], purged: Sequence[int] = ()
    ) -> PackMoves:
        """The moves of *pack*.

        Args:
            pack: the old pack's id.
            moved: old offset -> where the record lies now.
            purged: offsets of records whose bytes are gone for good.
        """
        table: dict[bytes, int] = {}
        rows = [
            (old, table.setdefault(new.pack, len(table)), new.offset) for old, new in moved.items()
        ]
        rows += [(old, _PURGED, 0) for old in purged]
        rows.sort()
        columns = _Columns(
            b"".join(table),
            [row[0] for row in rows],
            [row[1] for row in rows],
            [row[2] for row in rows],
        )
        return cls(pack, columns)

    def find(self, location: Location) -> Location:
        """Where the record that lay at *location* lies now.

        Raises:
            Purged: nowhere; its bytes are gone for good.
            NotFound: it was not in use when the pack was rewritten.
        """
        columns = self._columns
        at = bisect_left(columns.offsets, location.offset)
        if at == len(columns.offsets) or columns.offsets[at] != location.offset:
            raise NotFound(
                f"nothing was kept of offset {location.offset} of pack {self.pack.hex()}"
            )
        index = columns.pack_of[at]
        if index == _PURGED:
            raise Purged(
                f"this content was purged (offset {location.offset} of pack {self.pack.hex()})",
                hint="`datavc purge --list` tells when, by whom and why",
            )
        pack = columns.packs[index * PACK_ID_SIZE : (index + 1) * PACK_ID_SIZE]
        return Location(pack, columns.targets[at], location.length)

    def encode(self) -> bytes:
        """The bytes that are stored."""
        body = msgspec.msgpack.encode(self._columns)
        return _HEADER.pack(_MAGIC, _VERSION, 0, self.pack, xxh3_128_digest(body)) + body


def decode_moves(data: Buffer, pack: bytes) -> PackMoves:
    """Take stored moves apart.

    Raises:
        DataCorrupt: they are damaged, or another pack's.
        UnknownFormat: a newer datavc wrote them.
    """
    if len(data) < _HEADER.size:
        raise _corrupt(pack, "are cut short")
    magic, version, _, of, checksum = _HEADER.unpack_from(data)
    body = memoryview(data)[_HEADER.size :]
    if magic != _MAGIC or version != _VERSION:
        raise UnknownFormat(
            f"the moves of pack {pack.hex()} have an unknown form",
            hint="read them with a newer datavc",
        )
    if of != pack or xxh3_128_digest(body) != checksum:
        raise _corrupt(pack, "are damaged")
    try:
        columns = msgspec.msgpack.decode(body, type=_Columns)
    except msgspec.DecodeError as error:
        raise _corrupt(pack, f"are unreadable: {error}") from None
    known = len(columns.packs) // PACK_ID_SIZE
    if (
        not len(columns.offsets) == len(columns.pack_of) == len(columns.targets)
        or len(columns.packs) % PACK_ID_SIZE
        or not all(_PURGED <= index < known for index in columns.pack_of)
    ):
        raise _corrupt(pack, "have columns that do not fit together")
    return PackMoves(pack, columns)


def read_moves(backend: Backend, pack: bytes) -> PackMoves:
    """The moves of *pack*.

    Raises:
        NotFound: it was not rewritten.
        DataCorrupt, UnknownFormat: see :func:`decode_moves`.
    """
    return decode_moves(backend.get(moves_key(pack)), pack)


def _corrupt(pack: bytes, problem: str) -> DataCorrupt:
    return DataCorrupt(
        f"the moves of pack {pack.hex()} {problem}", hint="restore them from a copy of the store"
    )
