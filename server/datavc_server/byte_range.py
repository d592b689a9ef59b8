"""The ``Range`` header (RFC 9110, section 14): one range of bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

from starlette.exceptions import HTTPException

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
_LONGEST = 20


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes of an object that an answer holds."""

    offset: int
    length: int
    #: Bytes of the whole object.
    total: int
    #: Whether it was asked for; if not, it is the whole object.
    partial: bool

    @property
    def status(self) -> HTTPStatus:
        """The status of an answer with it."""
        return HTTPStatus.PARTIAL_CONTENT if self.partial else HTTPStatus.OK

    def headers(self) -> dict[str, str]:
        """The headers of an answer with it."""
        headers = {"Accept-Ranges": "bytes", "Content-Length": str(self.length)}
        if self.partial:
            last = self.offset + self.length - 1
            headers["Content-Range"] = f"bytes {self.offset}-{last}/{self.total}"
        return headers


def read_range(header: str | None, total: int) -> ByteRange:
    """What *header* asks for of an object of *total* bytes.

    A header of another form, such as several ranges, is ignored, as the standard allows.

    Raises:
        HTTPException: the range starts behind the object's end (416).
    """
    match = _RANGE.fullmatch(header.replace(" ", "")) if header else None
    if match is None or match[0] == "bytes=-" or max(map(len, match.groups())) > _LONGEST:
        return ByteRange(0, total, total, partial=False)
    first, last = match.groups()
    if first:
        start = int(first)
        end = min(int(last) + 1, total) if last else total
        if last and int(last) < start:
            return ByteRange(0, total, total, partial=False)
    else:
        start = max(total - int(last), 0)
        end = total
    if start >= end:
        raise HTTPException(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            f"there are {total} bytes",
            {"Content-Range": f"bytes */{total}"},
        )
    return ByteRange(start, end - start, total, partial=True)
