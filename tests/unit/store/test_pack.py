"""Packs, and the exact bytes of their format, pinned by a file that was written once."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
import zstandard

from datavc.errors import DataCorrupt, NotFound, UnknownFormat
from datavc.model.entry import ChunkRef, Location
from datavc.model.ids import digest_of
from datavc.store.backends.memory import MemoryBackend
from datavc.store.chunk_list import decode_chunk_list, encode_chunk_list
from datavc.store.compression import Compressor
from datavc.store.key import pack_key
from datavc.store.pack import PACK_HEADER_SIZE, PACK_TRAILER_SIZE, PackWriter, read_footer
from datavc.store.record import RecordKind, decode_record, encode_record

FIXTURE = Path(__file__).parents[2] / "fixtures" / "format" / "pack-v1.pack"
PACK = bytes.fromhex("0190a5b4c3d27e8f8a9bacbdcedff011")

CHUNK = random.Random("pack format").randbytes(300)
NODE = bytes(range(100))
LISTED = [
    ChunkRef(digest_of(bytes([at])), 70_000 + at, Location(PACK, 1000 * at, 500 + at))
    for at in range(3)
]
LIST_DIGEST, LIST = encode_chunk_list(LISTED, 0)
#: Compressed, so that its stored bytes may differ with another release of zstd; it comes last.
TEXT = b"the quick brown fox\n" * 40

RECORDS = [
    (RecordKind.CHUNK, digest_of(CHUNK), CHUNK),
    (RecordKind.NODE, digest_of(NODE), NODE),
    (RecordKind.CHUNK_LIST, LIST_DIGEST, LIST),
    (RecordKind.CHANGE_SET, digest_of(TEXT), TEXT),
]


def write_pack(backend: MemoryBackend) -> bytes:
    writer = PackWriter(backend, PACK)
    compressor = Compressor()
    for kind, digest, data in RECORDS:
        writer.write([encode_record(kind, digest, data, compressor)])
    assert writer.close() == backend.size(pack_key(PACK))
    return bytes(backend.get(pack_key(PACK)))


def stored(data: bytes) -> MemoryBackend:
    backend = MemoryBackend()
    backend.put(pack_key(PACK), data)
    return backend


def plain_footer(data: bytes) -> bytes:
    offset, length = struct.unpack_from("<QI", data, len(data) - PACK_TRAILER_SIZE)
    return zstandard.ZstdDecompressor().decompress(data[offset : offset + length])


def test_fixture_reads() -> None:
    backend = stored(FIXTURE.read_bytes())
    footer = read_footer(backend, PACK)
    assert footer.size == len(FIXTURE.read_bytes())
    records = list(footer.records())
    for record, (kind, digest, data) in zip(records, RECORDS, strict=True):
        assert (record.kind, record.digest, record.raw_size) == (kind, digest, len(data))
        at = record.location
        found = backend.get(pack_key(PACK), at.offset, at.length)
        assert bytes(decode_record(found, at, digest, kind)) == data
    listed = ChunkRef(LIST_DIGEST, sum(ref.size for ref in LISTED), records[2].location)
    assert decode_chunk_list(LIST, listed, 0) == LISTED


def test_writing_gives_the_same_bytes() -> None:
    expected = FIXTURE.read_bytes()
    written = write_pack(MemoryBackend())
    *_, text = read_footer(stored(expected), PACK).records()
    assert written[: text.location.offset] == expected[: text.location.offset]
    written_columns, expected_columns = plain_footer(written), plain_footer(expected)
    assert len(written_columns) == len(expected_columns)
    assert written_columns[: 1 + 2 + 4 + 2 + 4 * 32] == expected_columns[: 1 + 2 + 4 + 2 + 4 * 32]


def test_header_and_trailer_are_as_specified() -> None:
    data = FIXTURE.read_bytes()
    assert data[:32] == b"DVCPACK\0" + struct.pack("<II", 1, 0) + PACK
    assert data[-12:] == struct.pack("<I", 1) + b"DVCPACK\0"
    assert data[32:34] == b"DR"
    assert data[34:36] == bytes([RecordKind.CHUNK, 0])
    assert struct.unpack_from("<II", data, 36) == (300, 300)
    assert data[44:76] == digest_of(CHUNK)


def test_missing_pack() -> None:
    with pytest.raises(NotFound):
        read_footer(MemoryBackend(), PACK)


@pytest.mark.parametrize("keep", [0, 20, PACK_HEADER_SIZE + 5, 300, -1, -10, -PACK_TRAILER_SIZE])
def test_truncated_pack(keep: int) -> None:
    with pytest.raises(DataCorrupt, match=PACK.hex()):
        read_footer(stored(FIXTURE.read_bytes()[:keep]), PACK)


def test_every_changed_byte_of_header_footer_and_trailer_is_noticed() -> None:
    data = FIXTURE.read_bytes()
    offset = struct.unpack_from("<Q", data, len(data) - PACK_TRAILER_SIZE)[0]
    reserved = range(12, 16)
    for position in [*range(PACK_HEADER_SIZE), *range(offset, len(data))]:
        if position in reserved:
            continue
        spoilt = bytearray(data)
        spoilt[position] ^= 0x01
        with pytest.raises(DataCorrupt):
            read_footer(stored(bytes(spoilt)), PACK)


def test_pack_under_another_name() -> None:
    other = bytes(16)
    backend = MemoryBackend()
    backend.put(pack_key(other), FIXTURE.read_bytes())
    with pytest.raises(DataCorrupt, match=f"holds the bytes of pack {PACK.hex()}"):
        read_footer(backend, other)


def test_newer_version_and_no_pack() -> None:
    data = bytearray(FIXTURE.read_bytes())
    data[8] = 2
    with pytest.raises(UnknownFormat, match="version 2"):
        read_footer(stored(bytes(data)), PACK)
    with pytest.raises(UnknownFormat, match="is no pack"):
        read_footer(stored(b"x" * 200), PACK)
