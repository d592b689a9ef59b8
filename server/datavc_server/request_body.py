"""The body of an upload as it arrives, never in memory as a whole."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import TYPE_CHECKING

import anyio.from_thread
from fastapi import Request
from starlette.exceptions import HTTPException

from datavc.errors import QuotaExceeded
from datavc_server.body_limit import too_large

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: What arrives is handed on in blocks of at least so many bytes: each costs a change of threads.
_BLOCK = 1024 * 1024


async def read_blocks(
    request: Request, limit: int, room: int | None = None
) -> AsyncIterator[bytearray]:
    """The body in blocks, the last one smaller.

    Args:
        request: whose.
        limit: most bytes of any body.
        room: most bytes that whoever pays for them may still have; ``None`` for any number.

    Raises:
        HTTPException: it is larger than *limit* bytes (413).
        QuotaExceeded: it is larger than *room*.
        ClientDisconnect: it was cut short.
    """
    check_announced(request, limit, room)
    block = bytearray()
    taken = 0
    async for piece in request.stream():
        taken += len(piece)
        check_size(taken, limit, room)
        block += piece
        if len(block) >= _BLOCK:
            yield block
            block = bytearray()
    if block:
        yield block


def check_announced(request: Request, limit: int, room: int | None) -> None:
    """Refuse a body that says it is too large, before any of it is read.

    Raises:
        HTTPException, QuotaExceeded: as :func:`read_blocks`.
    """
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal():
        check_size(int(announced), limit, room)


def check_size(size: int, limit: int, room: int | None) -> None:
    """Refuse *size* bytes of a body; *limit* and *room* are as of :func:`read_blocks`.

    Raises:
        HTTPException, QuotaExceeded: they are too many.
    """
    if size > limit:
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, too_large(limit))
    if room is not None and size > room:
        raise QuotaExceeded(
            f"the account that pays for it may have {room} bytes more",
            hint="remove files that are not needed, or ask an admin for more",
        )


class BodyReader(io.RawIOBase):
    """The body as a file, for a worker thread of the server to read."""

    def __init__(self, blocks: AsyncIterator[bytearray]) -> None:
        super().__init__()
        self._blocks = blocks
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill *buffer* with what is there, waiting for more when nothing is."""
        view = memoryview(buffer).cast("B")
        if not self._left:
            try:
                self._left = memoryview(anyio.from_thread.run(self._next))
            except StopAsyncIteration:
                return 0
        count = min(len(view), len(self._left))
        view[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    async def _next(self) -> bytearray:
        return await anext(self._blocks, bytearray())
