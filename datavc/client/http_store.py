"""Packs and the chunk index of a server: which way the bytes take is settled once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import msgspec

from datavc.client.direct import open_direct
from datavc.client.http_records import HttpRecords
from datavc.client.http_session import HttpSession
from datavc.client.streamed_backend import StreamedBackend
from datavc.client.wire import MAX_LOOKUP, decode_chunks, encode_digests
from datavc.store.backend import Backend
from datavc.store.backends.deferred import DeferredBackend
from datavc.store.objects import ObjectStore

if TYPE_CHECKING:
    from datavc.client.presigned_backend import PresignedBackend
    from datavc.model.entry import ChunkRef

_PROBE_SECONDS = 5.0
#: The server reads a whole pack before it answers.
_CHECK_SECONDS = 300.0


class _Directory(msgspec.Struct):
    path: str
    probe: str
    secret: str


class _Presigned(msgspec.Struct):
    probe: str
    part_size: int


class _Access(msgspec.Struct):
    directory: _Directory | None = None
    presigned: _Presigned | None = None
    records: bool = False


@dataclass(frozen=True, slots=True)
class OpenStore:
    """A server's packs, and the way to them."""

    #: Tells ``directory``, ``presigned``, ``records`` or ``stream``.
    way: Callable[[], str]
    objects: ObjectStore
    close: Callable[[], None]


def open_store(session: HttpSession) -> OpenStore:
    """The fastest way to a server's packs that works from here.

    Whether S3 can be reached is found out once something is read or written.

    Raises:
        ServerUnavailable, AccessDenied: as :meth:`HttpSession.send`.
    """
    access = _read_access(session)
    if access.directory is not None:
        there = access.directory
        direct = open_direct(there.path, there.probe, there.secret)
        if direct is not None:
            return OpenStore(lambda: "directory", ObjectStore(direct), _nothing)
    streamed = StreamedBackend(session)
    if access.records:
        return OpenStore(lambda: "records", HttpRecords(session, streamed), _nothing)
    if access.presigned is not None:
        way = _WayToS3(session, streamed, access.presigned)
        return OpenStore(way.name, ObjectStore(way.backend), way.close)
    return OpenStore(lambda: "stream", ObjectStore(streamed), _nothing)


class _WayToS3:
    """By presigned URLs, or through the server where S3 cannot be reached from here."""

    def __init__(self, session: HttpSession, streamed: StreamedBackend, told: _Presigned) -> None:
        self._session = session
        self._streamed = streamed
        self._told = told
        self._presigned: PresignedBackend | None = None
        self.backend = DeferredBackend(self._open)

    def name(self) -> str:
        """``presigned`` or ``stream``."""
        return "stream" if self.backend.inner is self._streamed else "presigned"

    def close(self) -> None:
        """Close all connections to S3."""
        if self._presigned is not None:
            self._presigned.close()

    def _open(self) -> Backend:
        from datavc.client.presigned_backend import PresignedBackend

        if not _answers(self._told.probe):
            return self._streamed
        self._presigned = PresignedBackend(self._session, self._streamed, self._told.part_size)
        return self._presigned


class HttpChunkIndex:
    """The chunk index of a server; see :class:`~datavc.store.chunk_index.ChunkIndex`."""

    def __init__(self, session: HttpSession) -> None:
        self._session = session

    def lookup(self, digests: Sequence[bytes]) -> dict[bytes, ChunkRef]:
        """The subset of *digests* that is stored already, each with its place."""
        return {chunk.digest: chunk for chunk in self._look_up(list(dict.fromkeys(digests)))}

    def add_pack(self, pack: bytes, size: int, chunks: Sequence[ChunkRef]) -> None:
        """Have the server check a durable pack and make it known.

        The server reads for itself how large it is and what is in it.

        Raises:
            DataCorrupt: what arrived is not what was sent.
        """
        del size, chunks
        self._session.send("POST", f"/packs/{pack.hex()}", repeat=True, timeout=_CHECK_SECONDS)

    def _look_up(self, digests: list[bytes]) -> Iterator[ChunkRef]:
        for start in range(0, len(digests), MAX_LOOKUP):
            body = encode_digests(digests[start : start + MAX_LOOKUP])
            response = self._session.send("POST", "/chunks/lookup", content=body, repeat=True)
            yield from decode_chunks(response.content)


def _read_access(session: HttpSession) -> _Access:
    response = session.send("GET", "/store")
    try:
        return msgspec.json.decode(response.content, type=_Access)
    except msgspec.DecodeError:
        # Whatever else a newer server offers, streaming always works.
        return _Access()


def _answers(probe: str) -> bool:
    """Whether S3 can be reached from here, and takes the server's signature."""
    try:
        response = httpx.get(probe, timeout=_PROBE_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return response.status_code in (httpx.codes.OK, httpx.codes.NOT_FOUND)


def _nothing() -> None:
    return
