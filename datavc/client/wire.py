"""What crosses HTTP in a form of its own: bytes become hex in JSON, and chunk lookups are binary.

Everything else is the model's own dataclasses as JSON.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from datavc.errors import DataCorrupt, InvalidInput
from datavc.model.change_set import StagedRecord
from datavc.model.commit import TreeRef
from datavc.model.entry import PACK_ID_SIZE, ChunkRef, Location
from datavc.model.ids import DIGEST_SIZE

#: Most digests in one lookup.
MAX_LOOKUP = 8192
#: Media type of a lookup's answer.
MSGPACK = "application/msgpack"


@dataclass(frozen=True, slots=True)
class RecordBody:
    """A stored change set."""

    #: Hex.
    digest: str
    #: Hex id of the pack, and where in it the record lies.
    pack: str
    offset: int
    length: int
    puts: int
    removals: int
    bytes: int

    @classmethod
    def of(cls, record: StagedRecord) -> RecordBody:
        """The form of *record* that travels."""
        place = record.location
        return cls(
            record.digest.hex(),
            place.pack.hex(),
            place.offset,
            place.length,
            record.puts,
            record.removals,
            record.bytes,
        )

    def record(self) -> StagedRecord:
        """The record.

        Raises:
            InvalidInput: it is malformed.
        """
        location = _location(self.pack, self.offset, self.length)
        digest = from_hex(self.digest, DIGEST_SIZE)
        return StagedRecord(digest, location, self.puts, self.removals, self.bytes)


@dataclass(frozen=True, slots=True)
class TreeBody:
    """The root of a tree; ``pack`` is ``None`` only for the empty tree."""

    #: Hex.
    digest: str
    pack: str | None
    offset: int
    length: int
    files: int
    bytes: int

    @classmethod
    def of(cls, tree: TreeRef) -> TreeBody:
        """The form of *tree* that travels."""
        place = tree.location
        if place is None:
            return cls(tree.digest.hex(), None, 0, 0, tree.files, tree.bytes)
        pack = place.pack.hex()
        return cls(tree.digest.hex(), pack, place.offset, place.length, tree.files, tree.bytes)

    def tree(self) -> TreeRef:
        """The tree.

        Raises:
            InvalidInput: it is malformed.
        """
        place = None if self.pack is None else _location(self.pack, self.offset, self.length)
        return TreeRef(from_hex(self.digest, DIGEST_SIZE), place, self.files, self.bytes)


class _Found(msgspec.Struct, array_like=True, frozen=True):
    """Chunks, column by column."""

    digests: bytes
    packs: bytes
    sizes: list[int]
    offsets: list[int]
    lengths: list[int]


class WantedRecord(msgspec.Struct, array_like=True, frozen=True):
    """A record that is asked for by its digest, at its place."""

    digest: bytes
    pack: bytes
    offset: int
    length: int

    def location(self) -> Location:
        """Its place."""
        return Location(self.pack, self.offset, self.length)


#: Most records in one request.
MAX_RECORDS = 8192
_decode_wanted = msgspec.msgpack.Decoder(list[WantedRecord]).decode
_decode_found = msgspec.msgpack.Decoder(_Found).decode


def encode_wanted(wanted: list[WantedRecord]) -> bytes:
    """The body that asks for records."""
    return msgspec.msgpack.encode(wanted)


def decode_wanted(data: bytes) -> list[WantedRecord]:
    """The records that are asked for.

    Raises:
        InvalidInput: they are malformed, none or too many.
    """
    try:
        found = _decode_wanted(data)
    except msgspec.DecodeError:
        raise InvalidInput("the records that are asked for cannot be read") from None
    if not 1 <= len(found) <= MAX_RECORDS:
        raise InvalidInput(f"{len(found)} records are asked for; it must be 1 to {MAX_RECORDS}")
    if any(not _is_whole(one) for one in found):
        raise InvalidInput("a record that is asked for has no such place or digest")
    return found


def _is_whole(one: WantedRecord) -> bool:
    sizes = len(one.digest) == DIGEST_SIZE and len(one.pack) == PACK_ID_SIZE
    return sizes and 0 <= one.offset < 2**62 and 0 < one.length < 2**32


def encode_digests(digests: list[bytes]) -> bytes:
    """The body of a lookup: digests end to end."""
    return b"".join(digests)


def decode_digests(data: bytes) -> list[bytes]:
    """The digests of a lookup.

    Raises:
        InvalidInput: they are not whole, or too many.
    """
    if len(data) % DIGEST_SIZE or len(data) > MAX_LOOKUP * DIGEST_SIZE:
        raise InvalidInput(
            f"a lookup of {len(data)} bytes is malformed",
            hint=f"send up to {MAX_LOOKUP} digests of {DIGEST_SIZE} bytes, end to end",
        )
    return [data[at : at + DIGEST_SIZE] for at in range(0, len(data), DIGEST_SIZE)]


def encode_chunks(chunks: list[ChunkRef]) -> bytes:
    """The answer to a lookup."""
    return msgspec.msgpack.encode(
        _Found(
            b"".join([chunk.digest for chunk in chunks]),
            b"".join([chunk.location.pack for chunk in chunks]),
            [chunk.size for chunk in chunks],
            [chunk.location.offset for chunk in chunks],
            [chunk.location.length for chunk in chunks],
        )
    )


def decode_chunks(data: bytes) -> list[ChunkRef]:
    """The chunks in the answer to a lookup.

    Raises:
        DataCorrupt: it is malformed.
    """
    try:
        found = _decode_found(data)
    except msgspec.DecodeError as error:
        raise DataCorrupt(f"the server's answer to a lookup cannot be read: {error}") from None
    columns = zip(
        cut(found.digests, DIGEST_SIZE),
        cut(found.packs, PACK_ID_SIZE),
        found.sizes,
        found.offsets,
        found.lengths,
        strict=True,
    )
    try:
        return [
            ChunkRef(digest, size, Location(pack, offset, length))
            for digest, pack, size, offset, length in columns
        ]
    except ValueError:
        raise DataCorrupt("the server's answer to a lookup does not fit together") from None


def cut(data: bytes, width: int) -> list[bytes]:
    """*data* in pieces of *width* bytes."""
    return [data[at : at + width] for at in range(0, len(data), width)]


def from_hex(text: str, size: int) -> bytes:
    """The *size* bytes that *text* spells in lower-case hex.

    Raises:
        InvalidInput: it spells anything else.
    """
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    if len(data) != size or data.hex() != text:
        raise InvalidInput(f"{text!r} is not {2 * size} lower-case hex digits")
    return data


def _location(pack: str, offset: int, length: int) -> Location:
    if offset < 0 or length < 0:
        raise InvalidInput("a record cannot lie before the start of its pack")
    return Location(from_hex(pack, PACK_ID_SIZE), offset, length)
