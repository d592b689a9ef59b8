from __future__ import annotations

import pytest

from datavc_server.encoded_slash import decode_path, decode_slashes


@pytest.mark.parametrize(
    ("raw", "parts"),
    [
        (b"/a/b", ["", "a", "b"]),
        (b"/a%2Fb/c", ["", "a/b", "c"]),
        (b"/a%2fb", ["", "a/b"]),
        (b"/a%252Fb", ["", "a%2Fb"]),
        (b"/%C3%A4%20b", ["", "\u00e4 b"]),
        (b"/..%2F..%2Fetc", ["", "../../etc"]),
    ],
)
def test_parts_are_decoded_one_by_one(raw: bytes, parts: list[str]) -> None:
    decoded = decode_path(raw)
    assert decoded is not None
    assert [decode_slashes(part) for part in decoded.split("/")] == parts


@pytest.mark.parametrize("raw", [b"/a%00b", b"/%FF", b"/\xff"])
def test_what_cannot_be_decoded(raw: bytes) -> None:
    assert decode_path(raw) is None
