"""Packs through the server: what always works."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from datavc.client.http_session import HttpSession
from datavc.errors import DataCorrupt, DatavcError, InvalidInput, ServerUnavailable
from datavc.store.backend import Buffer, ObjectInfo, ObjectWriter
from datavc.store.key import moves_of_key, pack_key, pack_of_key

_Item = TypeVar("_Item")

#: Bytes sent at a time, and how many such blocks may wait.
_BLOCK = 1024 * 1024
_BLOCKS = 4


class _PackInfo(msgspec.Struct):
    id: str
    size: int
    created_us: int


class _Page(msgspec.Struct, Generic[_Item]):
    items: list[_Item]
    next: str | None = None


class StreamedBackend:
    """A server's packs as a :class:`~datavc.store.backend.Backend`; it has nothing but packs."""

    def __init__(self, session: HttpSession) -> None:
        self._session = session

    def open_writer(self, key: str) -> ObjectWriter:
        """See :class:`~datavc.store.backend.Backend`."""
        return _StreamWriter(self._session, key)

    def put(self, key: str, data: Buffer) -> None:
        """See :class:`~datavc.store.backend.Backend`."""
        self._session.send("PUT", path_of(key), content=bytes(data))

    def get(self, key: str, offset: int = 0, length: int | None = None) -> Buffer:
        """See :class:`~datavc.store.backend.Backend`."""
        if length == 0 or (length is None and offset and self.size(key) == offset):
            check_end(key, offset, self.size(key))
            return b""
        headers = {"Range": range_header(offset, length)}
        try:
            response = self._session.send("GET", path_of(key), headers=headers)
        except InvalidInput:
            # No such range: the server knows no other complaint about a well-formed one.
            raise ends_early(key, offset + (length or 0)) from None
        if length is not None and len(response.content) != length:
            raise ends_early(key, offset + length)
        return response.content

    def size(self, key: str) -> int:
        """See :class:`~datavc.store.backend.Backend`."""
        headers = {"Range": "bytes=0-0"}
        response = self._session.send("GET", path_of(key), headers=headers)
        return int(response.headers["Content-Range"].rpartition("/")[2])

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """The registered packs; see :class:`~datavc.store.backend.Backend`."""
        cursor: str | None = None
        while True:
            response = self._session.send("GET", "/packs", query={"cursor": cursor})
            page = msgspec.json.decode(response.content, type=_Page[_PackInfo])
            for info in page.items:
                key = pack_key(bytes.fromhex(info.id))
                if key.startswith(prefix):
                    yield ObjectInfo(key, info.size, info.created_us / 1e6)
            cursor = page.next
            if cursor is None:
                return

    def delete(self, key: str) -> None:
        """Drop an upload that was not registered; the server lets nothing else go."""
        self._session.send("DELETE", path_of(key), repeat=True)


class _StreamWriter:
    """One request whose body is written piece by piece, by a thread of its own."""

    def __init__(self, session: HttpSession, key: str) -> None:
        self._session = session
        self._path = path_of(key)
        self._block = bytearray()
        self._blocks: queue.Queue[bytes | None] = queue.Queue(_BLOCKS)
        self._failure: DatavcError | None = None
        self._over = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._send, name="datavc-upload", daemon=True)
        self._thread.start()

    def write(self, pieces: list[Buffer]) -> None:
        self._check_open()
        for piece in pieces:
            self._block += piece
            if len(self._block) >= _BLOCK:
                self._hand_over()

    def close(self) -> None:
        self._check_open()
        self._hand_over()
        self._over = True
        self._offer(None)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def abort(self) -> None:
        if not self._over:
            self._over = True
            self._stopped.set()
            self._thread.join()

    def _check_open(self) -> None:
        if self._over:
            raise RuntimeError("the writer is closed")

    def _hand_over(self) -> None:
        if self._block:
            block, self._block = bytes(self._block), bytearray()
            self._offer(block)

    def _offer(self, block: bytes | None) -> None:
        while True:
            if self._failure is not None:
                raise self._failure
            try:
                return self._blocks.put(block, timeout=0.2)
            except queue.Full:
                continue

    def _send(self) -> None:
        try:
            self._session.send("PUT", self._path, content=self._taken())
        except DatavcError as error:
            self._failure = error
        except _Stopped:
            self._failure = ServerUnavailable("the upload was given up")

    def _taken(self) -> Iterator[bytes]:
        while True:
            if self._stopped.is_set():
                # The connection breaks off, so the server drops what it has.
                raise _Stopped
            try:
                block = self._blocks.get(timeout=0.2)
            except queue.Empty:
                continue
            if block is None:
                return
            yield block


class _Stopped(Exception):
    """The writer was aborted."""


def path_of(key: str) -> str:
    """The route of the pack, or of the moves, that *key* names.

    Raises:
        InvalidInput: it names something else, which servers do not keep.
    """
    pack, moved = pack_of_key(key), moves_of_key(key)
    if moved is not None:
        return f"/packs/{moved.hex()}/moves"
    if pack is None:
        raise InvalidInput(f"{key!r} is no pack, and a server keeps nothing else")
    return f"/packs/{pack.hex()}"


def range_header(offset: int, length: int | None) -> str:
    """The header that asks for a range."""
    return f"bytes={offset}-{'' if length is None else offset + length - 1}"


def check_end(key: str, end: int, size: int) -> None:
    """Make sure that an object reaches up to *end*.

    Raises:
        DataCorrupt: it does not.
    """
    if size < end:
        raise ends_early(key, end)


def ends_early(key: str, wanted: int) -> DataCorrupt:
    """The error for an object that is shorter than it should be."""
    return DataCorrupt(f"object {key!r} ends before {wanted}")
