from __future__ import annotations

import msgspec
import pytest

from datavc.errors import DataCorrupt, UnknownFormat
from datavc.model.entry import EntryKind, Location
from datavc.model.external import External, Pin, decode_external

GOOD = External.of("s3://bucket/key", 5, {Pin.VERSION: "v", Pin.ETAG: '"e"'})


def encoded(*fields: object) -> bytes:
    return msgspec.msgpack.encode(fields)


def test_there_and_back() -> None:
    assert decode_external(GOOD.encode()) == GOOD
    assert (GOOD.pin(Pin.ETAG), GOOD.pin(Pin.MTIME_NS)) == ('"e"', None)


def test_the_entry() -> None:
    entry = GOOD.entry(Location(bytes(16), 32, 100))
    assert (entry.size, entry.digest, entry.kind) == (5, GOOD.digest, EntryKind.EXTERNAL)
    assert (entry.refs[0].digest, entry.refs[0].size, entry.depth) == (GOOD.digest, 5, 1)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"junk",
        encoded(1, "s3://b/k"),
        encoded(1, "s3://bucket/key", -1, [["etag", "e"]]),
        encoded(1, "s3://bucket/key", 5, []),
        encoded(1, "s3://bucket/key", 5, [["version", "v"], ["etag", "e"]]),
        encoded(1, "s3://bucket/key", 5, [["etag", "e"], ["etag", "f"]]),
        encoded(1, "s3://bucket/key", 5, [["etag", ""]]),
        encoded(1, "s3://bucket/key", 5, [["etag", "e\r\nHost: x"]]),
        encoded(1, "s3://bucket/key", 5, [["etag", "e" * 2000]]),
        encoded(1, "file:///a", 5, [["mtime_ns", "soon"]]),
        encoded(1, "ftp://host/key", 5, [["etag", "e"]]),
        encoded(1, "https://u:p@host/key", 5, [["etag", "e"]]),
        encoded(1, "file:///a/../etc/passwd", 5, [["mtime_ns", "1"]]),
        GOOD.encode() + b"\0",
        encoded(1, "s3://bucket/key", 5, [["etag", "e"]], "more"),
    ],
)
def test_what_is_malformed(payload: bytes) -> None:
    with pytest.raises(DataCorrupt):
        decode_external(payload)


@pytest.mark.parametrize(
    "payload",
    [
        encoded(2, "s3://bucket/key", 5, [["etag", "e"]]),
        encoded(1, "s3://bucket/key", 5, [["sha512", "e"]]),
    ],
)
def test_what_is_newer(payload: bytes) -> None:
    with pytest.raises(UnknownFormat):
        decode_external(payload)
