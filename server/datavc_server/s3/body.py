"""The body of an upload: taken out of its encoding, and held against all that is said of it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from starlette.datastructures import Headers

from datavc_server.s3.authentication import Authenticated, signature_wrong
from datavc_server.s3.checksum import (
    ALGORITHMS,
    Hasher,
    algorithm_of,
    hasher_of,
    header_of,
    in_base64,
)
from datavc_server.s3.error import S3Error, invalid_request, not_implemented
from datavc_server.s3.signature import UNSIGNED

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_CHUNKED = frozenset(
    {_SIGNED_CHUNKS, f"{_SIGNED_CHUNKS}-TRAILER", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}
)
_TRAILER_SIGNATURE = "x-amz-trailer-signature"
#: Longest line of the encoding, and most lines behind the body.
_LINE = 4096
_MAX_TRAILERS = 32


class _Readable(Protocol):
    """Whatever can be read into a buffer."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill *buffer* with what comes next; 0 at the end."""


@dataclass(slots=True)
class _Said:
    """What a request says of its body."""

    length: int | None
    sha256: str | None
    md5: bytes | None
    #: By algorithm, in base64.
    checksums: dict[str, str] = field(default_factory=dict)


class UploadBody(io.RawIOBase):
    """A request's content, for a worker thread to read to its end; then call :meth:`finish`."""

    def __init__(self, source: _Readable, said: _Said, announced: str | None) -> None:
        super().__init__()
        self._source = source
        self._said = said
        self._announced = announced
        self._hashers: dict[str, Hasher] = {}
        for algorithm in {*said.checksums, *([announced] if announced else [])}:
            hasher = hasher_of(algorithm)
            if hasher is None:
                raise not_implemented(f"the checksum {algorithm!r}")
            self._hashers[algorithm] = hasher
        self._sha256 = hashlib.sha256() if said.sha256 is not None else None
        self._md5 = hashlib.md5(usedforsecurity=False) if said.md5 is not None else None
        self._size = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill *buffer* with what comes next."""
        view = memoryview(buffer).cast("B")
        piece = view[: self._source.readinto(view)]
        self._size += len(piece)
        for hasher in (*self._hashers.values(), self._sha256, self._md5):
            if hasher is not None:
                hasher.update(piece)
        return len(piece)

    def fill(self, view: memoryview) -> int:
        """Fill *view* with what comes next; fewer bytes than it holds only at the end."""
        filled = 0
        while filled < len(view) and (count := self.readinto(view[filled:])):
            filled += count
        return filled

    def finish(self) -> dict[str, str]:
        """Make sure that all was read, and is what the request says; give its checksums.

        Raises:
            S3Error: it is not.
        """
        while self.read(1024 * 1024):
            pass
        said = self._said
        if said.length is not None and said.length != self._size:
            raise S3Error(
                HTTPStatus.BAD_REQUEST,
                "IncompleteBody",
                f"{said.length} bytes were announced, and {self._size} came",
            )
        if self._sha256 is not None and self._sha256.hexdigest() != said.sha256:
            raise S3Error(
                HTTPStatus.BAD_REQUEST,
                "XAmzContentSHA256Mismatch",
                "the body is not the one that x-amz-content-sha256 tells of",
            )
        if self._md5 is not None and self._md5.digest() != said.md5:
            raise _bad_digest("Content-MD5")
        return self._check_checksums()

    def _check_checksums(self) -> dict[str, str]:
        wanted = dict(self._said.checksums)
        if self._announced is not None:
            assert isinstance(self._source, _ChunkedBody)  # noqa: S101 - announced by no other
            sent = self._source.trailers.get(header_of(self._announced))
            if sent is None:
                raise invalid_request(f"the trailer {header_of(self._announced)} did not come")
            wanted[self._announced] = sent
        for algorithm, value in wanted.items():
            if in_base64(self._hashers[algorithm].digest()) != value:
                raise _bad_digest(header_of(algorithm))
        return wanted


class _ChunkedBody(io.RawIOBase):
    """A body in the encoding ``aws-chunked``, with the chunks' signatures where there are any."""

    def __init__(
        self, source: io.BufferedReader[io.RawIOBase], signed: Authenticated | None
    ) -> None:
        super().__init__()
        self._source = source
        self._signed = signed
        self._last = "" if signed is None else signed.signature
        self._claimed = ""
        self._hasher = hashlib.sha256()
        self._left = 0
        self._is_over = False
        #: The headers behind the body, by name in lower case.
        self.trailers: dict[str, str] = {}

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill *buffer* with what comes next of the plain body."""
        view = memoryview(buffer).cast("B")
        if not len(view) or self._is_over:
            return 0
        if not self._left and not self._begin_chunk():
            return 0
        count = self._source.readinto(view[: self._left])
        if not count:
            raise _broken("it ends within a chunk")
        if self._signed is not None:
            self._hasher.update(view[:count])
        self._left -= count
        if not self._left:
            if self._source.read(2) != b"\r\n":
                raise _broken("a chunk is longer than it says")
            self._end_chunk()
        return count

    def _begin_chunk(self) -> bool:
        """Read a chunk's head; ``False`` for that of the last one, which is empty."""
        size, _, extension = self._line().partition(";")
        self._claimed = extension.strip().removeprefix("chunk-signature=")
        self._hasher = hashlib.sha256()
        try:
            self._left = int(size, 16)
        except ValueError:
            self._left = -1
        if self._left < 0 or len(size) > 16:
            raise _broken(f"{size[:20]!r} is no size of a chunk")
        if self._left:
            return True
        self._is_over = True
        self._end_chunk()
        self._read_trailers()
        return False

    def _end_chunk(self) -> None:
        if self._signed is None:
            return
        expected = self._signed.key.sign_chunk(self._last, self._hasher.hexdigest())
        self._check(expected, self._claimed)

    def _read_trailers(self) -> None:
        lines: list[str] = []
        while line := self._line(may_end=True):
            name, colon, value = line.partition(":")
            name, value = name.strip().lower(), value.strip()
            if not colon or len(self.trailers) >= _MAX_TRAILERS:
                raise _broken("what is behind the last chunk is no header")
            self.trailers[name] = value
            if name != _TRAILER_SIGNATURE:
                lines.append(f"{name}:{value}\n")
        if self._signed is not None and lines:
            digest = hashlib.sha256("".join(lines).encode()).hexdigest()
            expected = self._signed.key.sign_trailer(self._last, digest)
            self._check(expected, self.trailers.get(_TRAILER_SIGNATURE, ""))

    def _check(self, expected: str, claimed: str) -> None:
        if not hmac.compare_digest(expected.encode(), claimed.encode()):
            raise signature_wrong()
        self._last = expected

    def _line(self, *, may_end: bool = False) -> str:
        line = self._source.readline(_LINE)
        if not line.endswith(b"\n") and not (may_end and not line):
            raise _broken("it ends within a line")
        return line.decode("utf-8", "replace").rstrip("\r\n")


def open_body(
    headers: Headers, signed: Authenticated, raw: io.RawIOBase, *, with_checksums: bool = True
) -> UploadBody:
    """The content of a request whose body *raw* gives as it came.

    Args:
        headers: of the request.
        signed: its signature.
        raw: its body.
        with_checksums: whether the checksums in its headers are those of its body.

    Raises:
        S3Error: what the headers say of it does not fit together, or is not supported.
    """
    source = io.BufferedReader(raw, 1024 * 1024)
    said = _Said(
        _number(headers, "content-length"),
        None,
        _md5(headers),
        _checksums(headers) if with_checksums else {},
    )
    if signed.payload not in _CHUNKED:
        if signed.payload.startswith("STREAMING-"):
            raise not_implemented(f"a body of the kind {signed.payload!r}")
        if signed.payload != UNSIGNED:
            said.sha256 = signed.payload
        return UploadBody(source, said, None)
    said.length = _number(headers, "x-amz-decoded-content-length")
    if said.length is None:
        raise S3Error(
            HTTPStatus.LENGTH_REQUIRED,
            "MissingContentLength",
            "x-amz-decoded-content-length is missing",
        )
    is_signed = signed.payload.startswith(_SIGNED_CHUNKS)
    chunked = _ChunkedBody(source, signed if is_signed else None)
    trailer = headers.get("x-amz-trailer", "").strip().lower()
    return UploadBody(chunked, said, _announced(trailer))


def _announced(trailer: str) -> str | None:
    if not trailer:
        return None
    algorithm = algorithm_of(trailer)
    if algorithm not in ALGORITHMS:
        raise not_implemented(f"the trailer {trailer!r}")
    return algorithm


def _checksums(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        algorithm: value
        for name, value in headers.items()
        if (algorithm := algorithm_of(name)) is not None
    }


def _number(headers: Headers, name: str) -> int | None:
    text = headers.get(name)
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 16:
        raise invalid_request(f"{name} is no number of bytes")
    return int(text)


def _md5(headers: Headers) -> bytes | None:
    text = headers.get("content-md5")
    if text is None:
        return None
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != 16:
        raise S3Error(HTTPStatus.BAD_REQUEST, "InvalidDigest", "Content-MD5 is no MD5 in base64")
    return digest


def _bad_digest(name: str) -> S3Error:
    return S3Error(
        HTTPStatus.BAD_REQUEST, "BadDigest", f"the content is not the one that {name} tells of"
    )


def _broken(problem: str) -> S3Error:
    return invalid_request(f"the body is no aws-chunked one: {problem}")
