"""Packs: immutable objects that hold many records end to end, and an index of them at the end.

The byte layout is in ``docs/format/pack.md``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import zstandard
from xxhash import xxh3_128_digest

from datavc.errors import DataCorrupt, UnknownFormat
from datavc.model.entry import Location
from datavc.model.ids import DIGEST_SIZE
from datavc.store.compression import decompress
from datavc.store.key import pack_key
from datavc.store.record import HEADER_SIZE, EncodedRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datavc.store.backend import Backend, Buffer

#: First and last bytes of every pack.
PACK_MAGIC = b"DVCPACK\0"
#: Version of the layout that this program writes.
PACK_VERSION = 1
#: A pack is ended once it holds so many bytes.
PACK_TARGET = 64 * 1024 * 1024

_HEADER = struct.Struct("<8sII16s")
_TRAILER = struct.Struct("<QII16sI8s")
#: Bytes before the first record, and after the footer.
PACK_HEADER_SIZE = _HEADER.size
PACK_TRAILER_SIZE = _TRAILER.size

_FOOTER_LEVEL = 3


class _Columns(msgspec.Struct, array_like=True, frozen=True):
    """The footer: one entry per record in each column. The column order is part of the format."""

    kinds: bytes
    digests: bytes
    lengths: bytes
    raw_sizes: bytes


@dataclass(frozen=True, slots=True)
class PackRecord:
    """One line of a pack's index."""

    kind: int
    digest: bytes
    location: Location
    #: Bytes of the plain payload.
    raw_size: int


@dataclass(frozen=True, slots=True)
class PackFooter:
    """A pack's index, column by column."""

    pack: bytes
    #: Bytes of the whole pack.
    size: int
    kinds: bytes
    digests: bytes
    lengths: tuple[int, ...]
    raw_sizes: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.kinds)

    def all_digests(self) -> Iterator[bytes]:
        """The digests of the records in the order in which they lie."""
        digests = self.digests
        return (digests[at : at + DIGEST_SIZE] for at in range(0, len(digests), DIGEST_SIZE))

    def records(self) -> Iterator[PackRecord]:
        """The records in the order in which they lie."""
        offset = PACK_HEADER_SIZE
        for at, (kind, length, raw_size) in enumerate(
            zip(self.kinds, self.lengths, self.raw_sizes, strict=True)
        ):
            digest = self.digests[at * DIGEST_SIZE : (at + 1) * DIGEST_SIZE]
            yield PackRecord(kind, digest, Location(self.pack, offset, length), raw_size)
            offset += length


class PackWriter:
    """Writes one pack. Not safe to share between threads."""

    def __init__(self, backend: Backend, pack: bytes) -> None:
        self.pack = pack
        #: Bytes written so far; the offset of the next record.
        self.size = PACK_HEADER_SIZE
        self._writer = backend.open_writer(pack_key(pack))
        self._kinds = bytearray()
        self._digests: list[bytes] = []
        self._lengths: list[int] = []
        self._raw_sizes: list[int] = []
        self._start: list[Buffer] = [
            _HEADER.pack(PACK_MAGIC, PACK_VERSION, 0, pack),
        ]

    def write(self, records: Sequence[EncodedRecord]) -> None:
        """Append *records*; the first one lies at :attr:`size`. Their buffers may be reused after.

        Raises:
            OutOfSpace, StoreUnavailable: the pack cannot be completed; call :meth:`abort`.
        """
        pieces, self._start = self._start, []
        for _, _, _, header, payload in records:
            pieces.append(header)
            pieces.append(payload)
        lengths = [HEADER_SIZE + len(payload) for *_, payload in records]
        self._kinds += bytes([kind for kind, *_ in records])
        self._digests += [digest for _, digest, *_ in records]
        self._lengths += lengths
        self._raw_sizes += [raw_size for _, _, raw_size, *_ in records]
        self.size += sum(lengths)
        self._writer.write(pieces)

    def close(self) -> int:
        """Write the footer and make the pack durable. Returns its size in bytes."""
        columns = _Columns(
            bytes(self._kinds),
            b"".join(self._digests),
            _column(self._lengths),
            _column(self._raw_sizes),
        )
        plain = msgspec.msgpack.encode(columns)
        footer = zstandard.ZstdCompressor(level=_FOOTER_LEVEL).compress(plain)
        trailer = _TRAILER.pack(
            self.size, len(footer), len(plain), xxh3_128_digest(footer), PACK_VERSION, PACK_MAGIC
        )
        self._writer.write([*self._start, footer, trailer])
        self._writer.close()
        return self.size + len(footer) + len(trailer)

    def abort(self) -> None:
        """Drop the pack. Safe to call more than once."""
        self._writer.abort()


def _column(values: list[int]) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def read_footer(backend: Backend, pack: bytes) -> PackFooter:
    """Read and verify the index of *pack*, in two or three small requests.

    Raises:
        NotFound: there is no such pack.
        DataCorrupt: it is cut short or damaged.
        UnknownFormat: a newer datavc wrote it, or it is no pack.
    """
    key = pack_key(pack)
    size = backend.size(key)
    if size < PACK_HEADER_SIZE + PACK_TRAILER_SIZE:
        raise _corrupt(pack, "is cut short")
    _check_header(backend.get(key, 0, PACK_HEADER_SIZE), pack)
    trailer = backend.get(key, size - PACK_TRAILER_SIZE, PACK_TRAILER_SIZE)
    if len(trailer) != PACK_TRAILER_SIZE:
        raise _corrupt(pack, "is cut short")
    offset, stored, plain_size, checksum, version, magic = _TRAILER.unpack(trailer)
    if magic != PACK_MAGIC or offset + stored + PACK_TRAILER_SIZE != size:
        raise _corrupt(pack, "has no valid end; it was cut short or changed")
    _check_version(pack, version)
    footer = backend.get(key, offset, stored)
    if xxh3_128_digest(footer) != checksum:
        raise _corrupt(pack, f"has a damaged index at offset {offset}")
    plain = decompress(footer, plain_size, f"at offset {offset} of pack {pack.hex()}")
    try:
        columns = msgspec.msgpack.decode(plain, type=_Columns)
    except msgspec.DecodeError as error:
        raise _corrupt(pack, f"has an unreadable index: {error}") from None
    return _footer(pack, size, offset, columns)


def _footer(pack: bytes, size: int, end: int, columns: _Columns) -> PackFooter:
    count = len(columns.kinds)
    widths = (len(columns.digests), len(columns.lengths), len(columns.raw_sizes))
    if widths != (count * DIGEST_SIZE, count * 4, count * 4):
        raise _corrupt(pack, "has an index whose columns differ in length")
    lengths = struct.unpack(f"<{count}I", columns.lengths)
    if sum(lengths, PACK_HEADER_SIZE) != end:
        raise _corrupt(pack, "has an index that does not cover its records")
    raw_sizes = struct.unpack(f"<{count}I", columns.raw_sizes)
    return PackFooter(pack, size, columns.kinds, columns.digests, lengths, raw_sizes)


def _check_header(data: Buffer, pack: bytes) -> None:
    magic, version, _, written_id = _HEADER.unpack(data)
    if magic != PACK_MAGIC:
        raise UnknownFormat(f"object {pack_key(pack)!r} is no pack")
    _check_version(pack, version)
    if written_id != pack:
        raise _corrupt(pack, f"holds the bytes of pack {written_id.hex()}")


def _check_version(pack: bytes, version: int) -> None:
    if version != PACK_VERSION:
        raise UnknownFormat(
            f"pack {pack.hex()} has version {version}; this datavc reads {PACK_VERSION}",
            hint="read it with a newer datavc",
        )


def _corrupt(pack: bytes, problem: str) -> DataCorrupt:
    return DataCorrupt(
        f"pack {pack.hex()} {problem}", hint="restore that pack from a copy of the store"
    )
