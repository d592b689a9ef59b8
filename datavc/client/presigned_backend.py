"""Packs straight from and to S3, by URLs that the server makes."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import msgspec

from datavc.client.http_session import HttpSession, Parameters
from datavc.client.streamed_backend import (
    StreamedBackend,
    check_end,
    ends_early,
    path_of,
    range_header,
)
from datavc.errors import (
    AccessDenied,
    AlreadyExists,
    DatavcError,
    NotFound,
    OutOfSpace,
    ServerUnavailable,
    StoreUnavailable,
)
from datavc.model.ids import new_id
from datavc.store.backend import Buffer, ObjectInfo, ObjectWriter
from datavc.store.key import moves_of_key

#: Parts of one pack on their way at once.
_PARTS_IN_FLIGHT = 3
#: URLs asked for at once.
_URLS = 8
#: A URL is not used any more in the last so many seconds of its life.
_MARGIN = 60
_KEPT_URLS = 10_000
#: A pack of at most so many bytes takes the way through the server.
_SMALL = 1024 * 1024
_TIMEOUT = httpx.Timeout(120, connect=10, pool=None)


class _Url(msgspec.Struct):
    url: str
    seconds: int


class _Upload(msgspec.Struct):
    upload: str


class _PartUrls(msgspec.Struct):
    urls: list[str]


class PresignedBackend:
    """A server's packs, read from and written to S3; all else is asked of the server."""

    def __init__(self, session: HttpSession, server: StreamedBackend, part_size: int) -> None:
        self._session = session
        self._server = server
        self._part_size = part_size
        # Not the session's connections: S3 must not be shown the server's token.
        self._client = httpx.Client(timeout=_TIMEOUT)
        self._urls: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close all connections to S3."""
        self._client.close()

    def open_writer(self, key: str) -> ObjectWriter:
        """See :class:`~datavc.store.backend.Backend`."""
        return _PartsWriter(self._session, self, key, self._part_size)

    def put(self, key: str, data: Buffer) -> None:
        """See :class:`~datavc.store.backend.Backend`."""
        writer = self.open_writer(key)
        try:
            writer.write([data])
            writer.close()
        except BaseException:
            writer.abort()
            raise

    def get(self, key: str, offset: int = 0, length: int | None = None) -> Buffer:
        """See :class:`~datavc.store.backend.Backend`."""
        if moves_of_key(key) is not None:
            return self._server.get(key, offset, length)
        if length == 0:
            check_end(key, offset, self.size(key))
            return b""
        headers = {"Range": range_header(offset, length)} if offset or length else {}
        response = self.request("GET", self._url(key), f"reading {key!r}", headers=headers)
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            if length is None and self.size(key) == offset:
                return b""
            raise ends_early(key, offset + (length or 0))
        if length is not None and len(response.content) != length:
            raise ends_early(key, offset + length)
        return response.content

    def size(self, key: str) -> int:
        """See :class:`~datavc.store.backend.Backend`."""
        return self._server.size(key)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """See :class:`~datavc.store.backend.Backend`."""
        return self._server.list(prefix)

    def delete(self, key: str) -> None:
        """Drop an upload that was not registered; the server lets nothing else go."""
        self._server.delete(key)

    def request(
        self,
        method: str,
        url: str,
        doing: str,
        *,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """A request to S3, made again when S3 is away.

        Raises:
            NotFound, AccessDenied, OutOfSpace, StoreUnavailable: what S3 says, or does not.
        """

        def attempt() -> httpx.Response:
            response = self._client.request(method, url, content=content, headers=headers)
            if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
                raise httpx.RemoteProtocolError(f"status {response.status_code}")
            return response

        try:
            response = self._session.retry(attempt, repeat=True)
        except ServerUnavailable as error:
            reason = str(error.__context__ or "no answer")
            raise StoreUnavailable(
                f"S3 does not answer while {doing}: {reason}", hint="check the network"
            ) from None
        too_far = httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE
        if response.is_success or response.status_code == too_far:
            return response
        raise _refused(response.status_code, doing)

    def _url(self, key: str) -> str:
        with self._lock:
            url, expires = self._urls.get(key, ("", 0.0))
        if time.monotonic() < expires:
            return url
        made = msgspec.json.decode(
            self._session.send("GET", f"{path_of(key)}/url").content, type=_Url
        )
        with self._lock:
            self._urls[key] = made.url, time.monotonic() + made.seconds - _MARGIN
            while len(self._urls) > _KEPT_URLS:
                self._urls.popitem(last=False)
        return made.url


class _PartsWriter:
    """A pack on its way to S3, in parts; memory holds a few of them."""

    def __init__(
        self, session: HttpSession, backend: PresignedBackend, key: str, part_size: int
    ) -> None:
        self._session = session
        self._backend = backend
        self._key = key
        self._pack = path_of(key)
        self._path = f"{self._pack}/upload"
        self._part_size = part_size
        self._part = bytearray()
        self._tags: list[str] = []
        self._urls: deque[str] = deque()
        self._sending: deque[Future[str]] = deque()
        self._pool = ThreadPoolExecutor(_PARTS_IN_FLIGHT, "datavc-part")
        self._count = 0
        self._over = False
        self._begun: str | None = None

    def write(self, pieces: list[Buffer]) -> None:
        self._check_open()
        for piece in pieces:
            view = memoryview(piece)
            while view:
                room = self._part_size - len(self._part)
                self._part += view[:room]
                view = view[room:]
                if len(self._part) == self._part_size:
                    self._send()

    def close(self) -> None:
        self._check_open()
        if self._begun is None and len(self._part) <= _SMALL:
            self._send_whole()
            self._over = True
            self._pool.shutdown()
            return
        if self._part or not self._count:
            self._send()
        while self._sending:
            self._settle()
        self._session.send(
            "POST",
            f"{self._path}/complete",
            query={"upload": self._upload},
            body={"tags": self._tags},
            repeat=True,
            timeout=120,
        )
        self._over = True
        self._pool.shutdown()

    def abort(self) -> None:
        if self._over:
            return
        self._over = True
        self._pool.shutdown(cancel_futures=True)
        if self._begun is None:
            return
        with contextlib.suppress(DatavcError):
            self._session.send("DELETE", self._path, query={"upload": self._begun}, repeat=True)

    def _send_whole(self) -> None:
        """Bring a small pack by one request, through the server, where parts would take four."""
        # Nobody else has this id: it is taken where the answer to an earlier try was lost.
        with contextlib.suppress(AlreadyExists):
            self._session.send("PUT", self._pack, content=bytes(self._part), repeat=True)

    @property
    def _upload(self) -> str:
        """The upload, which is begun when it is needed."""
        if self._begun is None:
            headers = {"Idempotency-Key": new_id()}
            response = self._session.send("POST", self._path, headers=headers, repeat=True)
            self._begun = msgspec.json.decode(response.content, type=_Upload).upload
        return self._begun

    def _check_open(self) -> None:
        if self._over:
            raise RuntimeError("the writer is closed")

    def _send(self) -> None:
        if not self._urls:
            query: Parameters = {
                "upload": self._upload,
                "first": self._count + 1,
                "count": _URLS,
            }
            response = self._session.send("GET", f"{self._path}/parts", query=query)
            self._urls.extend(msgspec.json.decode(response.content, type=_PartUrls).urls)
        while len(self._sending) >= _PARTS_IN_FLIGHT:
            self._settle()
        part, self._part = bytes(self._part), bytearray()
        self._count += 1
        self._sending.append(self._pool.submit(self._put, self._urls.popleft(), part))

    def _put(self, url: str, part: bytes) -> str:
        response = self._backend.request("PUT", url, f"writing {self._key!r}", content=part)
        return str(response.headers.get("ETag", ""))

    def _settle(self) -> None:
        self._tags.append(self._sending.popleft().result())


def _refused(status: int, doing: str) -> DatavcError:
    if status == httpx.codes.NOT_FOUND:
        return NotFound(f"no such object while {doing}")
    if status == httpx.codes.INSUFFICIENT_STORAGE:
        return OutOfSpace(f"the bucket is full while {doing}", hint="free some space")
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return AccessDenied(
            f"S3 does not allow {doing}", hint="compare the clocks of server and client"
        )
    return StoreUnavailable(f"S3 failed while {doing} (status {status})", hint="try again")
