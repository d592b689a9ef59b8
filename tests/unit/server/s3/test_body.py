"""Bodies of uploads, in each encoding, whole and spoilt."""

from __future__ import annotations

import base64
import hashlib
import io

import pytest
from starlette.datastructures import Headers

from datavc_server.s3.access import Caller
from datavc_server.s3.authentication import Authenticated
from datavc_server.s3.body import UploadBody, open_body
from datavc_server.s3.error import S3Error
from datavc_server.s3.signature import UNSIGNED, Scope, SigningKey

# The examples of the standard's documentation: 66,560 letters a, in chunks of 65,536 and 1,024.
_KEY = SigningKey(
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", Scope("20130524", "us-east-1"), "20130524T000000Z"
)
_CONTENT = b"a" * 66560
_SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
_CHUNKS = (
    (65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
    (1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
    (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
)
_TRAILER_SEED = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
_TRAILER_CHUNKS = (
    (65536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"),
    (1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"),
    (0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"),
)
_CRC32C = "sOO8/Q=="
_TRAILER = (
    f"x-amz-checksum-crc32c:{_CRC32C}\n"
    "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n"
).encode()
_SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


def _open(
    body: bytes, payload: str, headers: dict[str, str] | None = None, seed: str = _SEED
) -> UploadBody:
    signed = Authenticated(Caller("key", "ana", False), payload, seed, _KEY)
    return open_body(Headers(headers or {}), signed, io.BytesIO(body))  # type: ignore[arg-type]


def _chunked(chunks: tuple[tuple[int, str], ...], end: bytes = b"\r\n") -> bytes:
    parts = [
        f"{size:x};chunk-signature={signature}\r\n".encode()
        + (b"a" * size + b"\r\n" if size else b"")
        for size, signature in chunks
    ]
    return b"".join(parts) + end


def _length(size: int = len(_CONTENT), **more: str) -> dict[str, str]:
    return {"x-amz-decoded-content-length": str(size)} | {
        name.replace("_", "-"): value for name, value in more.items()
    }


def test_signed_chunks() -> None:
    body = _open(_chunked(_CHUNKS), _SIGNED, _length())
    assert body.read() == _CONTENT
    assert body.finish() == {}


def test_signed_chunks_with_a_signed_trailer() -> None:
    data = _chunked(_TRAILER_CHUNKS, _TRAILER + b"\r\n")
    headers = _length(x_amz_trailer="x-amz-checksum-crc32c")
    body = _open(data, f"{_SIGNED}-TRAILER", headers, _TRAILER_SEED)
    assert body.read() == _CONTENT
    assert body.finish() == {"crc32c": _CRC32C}


def test_a_trailer_of_another_checksum_is_refused() -> None:
    data = _chunked(_TRAILER_CHUNKS, _TRAILER.replace(b"sOO8", b"sOO9") + b"\r\n")
    headers = _length(x_amz_trailer="x-amz-checksum-crc32c")
    with pytest.raises(S3Error, match="signature"):
        _open(data, f"{_SIGNED}-TRAILER", headers, _TRAILER_SEED).finish()


@pytest.mark.parametrize("at", [100, 66000, 66700])
def test_a_byte_that_was_changed_on_the_way_is_noticed(at: int) -> None:
    data = bytearray(_chunked(_CHUNKS))
    data[at] ^= 1
    with pytest.raises(S3Error):
        _open(bytes(data), _SIGNED, _length()).finish()


@pytest.mark.parametrize("cut", [1, 90, 65000, 65700, 66700, 66800])
def test_a_body_that_was_cut_short_is_noticed(cut: int) -> None:
    with pytest.raises(S3Error):
        _open(_chunked(_CHUNKS)[:cut], _SIGNED, _length()).finish()


def test_unsigned_chunks_with_a_trailer() -> None:
    data = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"
    headers = _length(5, x_amz_trailer="x-amz-checksum-crc32")
    body = _open(data, _UNSIGNED_TRAILER, headers)
    assert body.read() == b"hello"
    assert body.finish() == {"crc32": "NhCmhg=="}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", "BadDigest"),
        (b"5\r\nhello\r\n0\r\n\r\n", "InvalidRequest"),
        (b"4\r\nhell\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", "IncompleteBody"),
        (b"-5\r\nhello\r\n0\r\n\r\n", "InvalidRequest"),
        (b"zz\r\nhello\r\n0\r\n\r\n", "InvalidRequest"),
        (b"5\r\nhelloo\r\n0\r\n\r\n", "InvalidRequest"),
    ],
)
def test_chunks_that_do_not_fit_together(data: bytes, code: str) -> None:
    headers = _length(5, x_amz_trailer="x-amz-checksum-crc32")
    with pytest.raises(S3Error) as caught:
        _open(data, _UNSIGNED_TRAILER, headers).finish()
    assert caught.value.code == code


def test_chunks_need_the_length_of_what_is_in_them() -> None:
    with pytest.raises(S3Error) as caught:
        _open(b"0\r\n\r\n", _UNSIGNED_TRAILER)
    assert caught.value.code == "MissingContentLength"


def test_an_encoding_that_is_not_known_is_refused() -> None:
    with pytest.raises(S3Error) as caught:
        _open(b"", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD")
    assert caught.value.code == "NotImplemented"


@pytest.mark.parametrize(
    ("algorithm", "checksum"),
    [
        ("crc32", "y/Q5Jg=="),
        ("crc32c", "4waSgw=="),
        ("crc64nvme", "rosUhgp5mIg="),
        ("sha1", "98O8HYCOBHMq32eYZcA8S2CYz0E="),
        ("sha256", "FeKwzHE1wXSTWDxOtFOFN02u9S+XYJwuiS2iCe29Etk="),
    ],
)
def test_checksums_in_headers(algorithm: str, checksum: str) -> None:
    if algorithm in ("sha1", "sha256"):
        checksum = base64.b64encode(hashlib.new(algorithm, b"123456789").digest()).decode()
    headers = {f"x-amz-checksum-{algorithm}": checksum}
    assert _open(b"123456789", UNSIGNED, headers).finish() == {algorithm: checksum}
    with pytest.raises(S3Error) as caught:
        _open(b"123456780", UNSIGNED, headers).finish()
    assert caught.value.code == "BadDigest"


def test_a_checksum_that_is_not_known_is_refused() -> None:
    with pytest.raises(S3Error) as caught:
        _open(b"", UNSIGNED, {"x-amz-checksum-md6": "AAAA"})
    assert caught.value.code == "NotImplemented"


@pytest.mark.parametrize(
    ("headers", "payload", "code"),
    [
        ({"content-md5": "XUFAKrxLKna5cZ2REBfFkg=="}, UNSIGNED, None),
        ({"content-md5": "AAAAKrxLKna5cZ2REBfFkg=="}, UNSIGNED, "BadDigest"),
        ({"content-md5": "hello"}, UNSIGNED, "InvalidDigest"),
        ({"content-length": "5"}, UNSIGNED, None),
        ({"content-length": "6"}, UNSIGNED, "IncompleteBody"),
        ({"content-length": "-1"}, UNSIGNED, "InvalidRequest"),
        ({}, hashlib.sha256(b"hello").hexdigest(), None),
        ({}, hashlib.sha256(b"hallo").hexdigest(), "XAmzContentSHA256Mismatch"),
    ],
)
def test_what_headers_say_of_a_body(
    headers: dict[str, str], payload: str, code: str | None
) -> None:
    if code is None:
        assert _open(b"hello", payload, headers).finish() == {}
        return
    with pytest.raises(S3Error) as caught:
        _open(b"hello", payload, headers).finish()
    assert caught.value.code == code
