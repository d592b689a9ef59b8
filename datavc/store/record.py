"""One record of a pack: a 64-byte header that describes and guards the payload behind it.

A record read by itself can be verified by itself, so a point read costs one request: the header
carries the digest that the reader expects, and a checksum of the stored payload.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from xxhash import xxh3_128_digest, xxh32_intdigest

from datavc.errors import DataCorrupt, InvalidInput, UnknownFormat
from datavc.store.backend import Buffer
from datavc.store.compression import Codec, Compressor, decompress

if TYPE_CHECKING:
    from datavc.model.entry import Location

#: Bytes of a record's header.
HEADER_SIZE = 64
#: First bytes of every record.
RECORD_MAGIC = b"DR"
#: Largest plain payload of one record, in bytes.
MAX_PAYLOAD = 1 << 30

_GUARDED = struct.Struct("<2sBBII32s16s")
_GUARD = struct.Struct("<I")


class RecordKind(IntEnum):
    """What a record holds. Numbers are part of the format and are only ever added."""

    CHUNK = 1
    CHUNK_LIST = 2
    NODE = 3
    CHANGE_SET = 4
    EXTERNAL = 5


#: A record ready to be written: kind, digest, plain size, header and stored payload. A plain tuple,
#: since one is made for every small file.
EncodedRecord = tuple[int, bytes, int, bytes, Buffer]


class RecordHeader(NamedTuple):
    """A header taken apart."""

    kind: int
    codec: int
    stored_size: int
    raw_size: int
    digest: bytes
    checksum: bytes


def encode_record(
    kind: RecordKind, digest: bytes, data: Buffer, compressor: Compressor
) -> EncodedRecord:
    """Compress *data* if that helps, and put a header in front of it.

    Raises:
        InvalidInput: *data* is larger than :data:`MAX_PAYLOAD`.
    """
    raw_size = len(data)
    if raw_size > MAX_PAYLOAD:
        raise InvalidInput(f"a record of {raw_size} bytes is larger than {MAX_PAYLOAD}")
    codec, payload = compressor.shrink(data)
    guarded = _GUARDED.pack(
        RECORD_MAGIC, kind, codec, len(payload), raw_size, digest, xxh3_128_digest(payload)
    )
    header = guarded + _GUARD.pack(xxh32_intdigest(guarded))
    return kind, digest, raw_size, header, payload


def decode_header(data: Buffer, location: Location) -> RecordHeader:
    """Take the header at the start of *data* apart; *location* is for the error message.

    Raises:
        DataCorrupt: it is cut short, or its own checksum does not hold.
    """
    if len(data) < HEADER_SIZE:
        raise _corrupt("is cut short", location)
    guarded = bytes(data[: _GUARDED.size])
    if xxh32_intdigest(guarded) != _GUARD.unpack_from(data, _GUARDED.size)[0]:
        raise _corrupt("has a damaged header", location)
    magic, kind, codec, stored_size, raw_size, digest, checksum = _GUARDED.unpack(guarded)
    if magic != RECORD_MAGIC:
        raise UnknownFormat(f"no record starts {_place(location)}")
    return RecordHeader(kind, codec, stored_size, raw_size, digest, checksum)


def take_record(data: Buffer, location: Location) -> EncodedRecord:
    """The stored record that fills *data*, verified but not unpacked, to be written elsewhere.

    Raises:
        DataCorrupt: its bytes were changed.
    """
    header = decode_header(data, location)
    view = memoryview(data)
    payload = view[HEADER_SIZE:]
    if len(payload) != header.stored_size or xxh3_128_digest(payload) != header.checksum:
        raise _corrupt("has damaged contents", location)
    return header.kind, header.digest, header.raw_size, bytes(view[:HEADER_SIZE]), payload


def decode_record(data: Buffer, location: Location, digest: bytes, kind: RecordKind) -> Buffer:
    """The plain payload of the record that fills *data*, verified.

    An uncompressed payload is a view into *data*, not a copy.

    Raises:
        DataCorrupt: it is not the record of *kind* and *digest*, or its bytes were changed.
    """
    header = decode_header(data, location)
    if header.digest != digest or header.kind != kind:
        raise _corrupt(f"is not the {kind.name.lower()} {digest.hex()[:12]}", location)
    payload = memoryview(data)[HEADER_SIZE:]
    if len(payload) != header.stored_size or xxh3_128_digest(payload) != header.checksum:
        raise _corrupt("has damaged contents", location)
    if header.codec == Codec.RAW:
        plain: Buffer = payload
    elif header.codec == Codec.ZSTD:
        plain = decompress(payload, header.raw_size, _place(location))
    else:
        raise UnknownFormat(
            f"the record {_place(location)} is compressed in an unknown way ({header.codec})",
            hint="read it with a newer datavc",
        )
    if len(plain) != header.raw_size:
        raise _corrupt("has the wrong size", location)
    return plain


def _place(location: Location) -> str:
    return f"at offset {location.offset} of pack {location.pack.hex()}"


def _corrupt(problem: str, location: Location) -> DataCorrupt:
    return DataCorrupt(
        f"the record {_place(location)} {problem}",
        hint="restore that pack from a copy of the store",
    )
