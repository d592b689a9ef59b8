from __future__ import annotations

import pytest
from starlette.exceptions import HTTPException

from datavc_server.byte_range import ByteRange, read_range

WHOLE = ByteRange(0, 10, 10, partial=False)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, WHOLE),
        ("", WHOLE),
        ("bytes=0-0", ByteRange(0, 1, 10, partial=True)),
        ("bytes=2-5", ByteRange(2, 4, 10, partial=True)),
        ("bytes=2-", ByteRange(2, 8, 10, partial=True)),
        ("bytes=2-99", ByteRange(2, 8, 10, partial=True)),
        ("bytes=-3", ByteRange(7, 3, 10, partial=True)),
        ("bytes=-99", ByteRange(0, 10, 10, partial=True)),
        ("bytes = 1 - 2", ByteRange(1, 2, 10, partial=True)),
        ("bytes=5-2", WHOLE),
        ("bytes=0-1,4-5", WHOLE),
        ("bytes=-", WHOLE),
        ("bytes=a-b", WHOLE),
        ("bytes=\u0661-", WHOLE),
        ("lines=1-2", WHOLE),
        (f"bytes={'9' * 5000}-", WHOLE),
    ],
)
def test_ranges(header: str | None, expected: ByteRange) -> None:
    assert read_range(header, 10) == expected


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_ranges_behind_the_end(header: str) -> None:
    with pytest.raises(HTTPException) as caught:
        read_range(header, 10)
    assert caught.value.status_code == 416
    assert caught.value.headers == {"Content-Range": "bytes */10"}


def test_headers_of_a_part() -> None:
    assert read_range("bytes=2-5", 10).headers() == {
        "Accept-Ranges": "bytes",
        "Content-Length": "4",
        "Content-Range": "bytes 2-5/10",
    }
