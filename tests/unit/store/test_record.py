import random

import pytest

from datavc.errors import DataCorrupt, InvalidInput, UnknownFormat
from datavc.model.entry import Location
from datavc.model.ids import digest_of
from datavc.store import record
from datavc.store.compression import Compressor
from datavc.store.record import HEADER_SIZE, RecordKind, decode_record, encode_record

PACK = bytes(range(16))
TEXT = b"some,text,that,shrinks\n" * 100
NOISE = random.Random(2).randbytes(1000)


def encoded(data: bytes, kind: RecordKind = RecordKind.CHUNK) -> tuple[bytes, Location]:
    *_, header, payload = encode_record(kind, digest_of(data), data, Compressor())
    whole = header + bytes(payload)
    return whole, Location(PACK, 32, len(whole))


@pytest.mark.parametrize("data", [b"", b"x", TEXT, NOISE])
def test_round_trip(data: bytes) -> None:
    whole, location = encoded(data)
    assert bytes(decode_record(whole, location, digest_of(data), RecordKind.CHUNK)) == data


def test_uncompressed_payload_is_not_copied() -> None:
    whole, location = encoded(NOISE)
    plain = decode_record(whole, location, digest_of(NOISE), RecordKind.CHUNK)
    assert isinstance(plain, memoryview)
    assert plain.obj is whole


@pytest.mark.parametrize("data", [TEXT, NOISE])
def test_every_changed_byte_is_noticed(data: bytes) -> None:
    whole, location = encoded(data)
    for position in [*range(HEADER_SIZE), HEADER_SIZE, len(whole) // 2, len(whole) - 1]:
        spoilt = bytearray(whole)
        spoilt[position] ^= 0x01
        with pytest.raises(DataCorrupt) as caught:
            decode_record(spoilt, location, digest_of(data), RecordKind.CHUNK)
        assert PACK.hex() in str(caught.value)
        assert "offset 32" in str(caught.value)


@pytest.mark.parametrize("keep", [0, 10, HEADER_SIZE - 1, HEADER_SIZE, HEADER_SIZE + 5])
def test_cut_short(keep: int) -> None:
    whole, location = encoded(NOISE)
    with pytest.raises(DataCorrupt):
        decode_record(whole[:keep], location, digest_of(NOISE), RecordKind.CHUNK)


def test_another_record_is_not_taken_for_the_one_asked_for() -> None:
    whole, location = encoded(NOISE)
    with pytest.raises(DataCorrupt, match="is not the chunk"):
        decode_record(whole, location, digest_of(TEXT), RecordKind.CHUNK)
    with pytest.raises(DataCorrupt, match="is not the node"):
        decode_record(whole, location, digest_of(NOISE), RecordKind.NODE)


def test_unknown_codec_asks_for_a_newer_program(monkeypatch: pytest.MonkeyPatch) -> None:
    made = record._GUARDED.pack(b"DR", 1, 9, 0, 0, digest_of(b""), record.xxh3_128_digest(b""))
    whole = made + record._GUARD.pack(record.xxh32_intdigest(made))
    with pytest.raises(UnknownFormat, match="unknown way"):
        decode_record(whole, Location(PACK, 32, 64), digest_of(b""), RecordKind.CHUNK)


def test_record_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "MAX_PAYLOAD", 10)
    with pytest.raises(InvalidInput, match="11 bytes"):
        encode_record(RecordKind.NODE, digest_of(b""), b"x" * 11, Compressor())
