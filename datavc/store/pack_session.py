"""Writing records: packs are filled one after another and made durable in the background."""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

from datavc.errors import DatavcError
from datavc.model.entry import ChunkRef, Location
from datavc.model.ids import new_id
from datavc.store.backend import Backend, Buffer
from datavc.store.chunk_index import ChunkIndex
from datavc.store.compression import Compressor
from datavc.store.key import pack_key
from datavc.store.pack import PACK_HEADER_SIZE, PACK_TARGET, PackWriter
from datavc.store.record import HEADER_SIZE, EncodedRecord, RecordKind, encode_record

#: Small records are gathered until they hold so many bytes, and then written at once.
_GATHER = 1024 * 1024
#: So many packs may be on their way to durable storage at once.
_CLOSING = 3
#: So many chunks of this session are remembered for deduplication; more cost space, not data.
_REMEMBERED = 1_000_000

#: Id and size of a pack that is durable.
_Closed = tuple[bytes, int]


@dataclass(frozen=True, slots=True)
class FinishedPack:
    """A durable pack, as the chunk index gets to know it."""

    #: The pack's id, 16 bytes.
    pack: bytes
    #: Bytes of the whole pack.
    size: int
    #: The chunks and chunk lists in it.
    chunks: Sequence[ChunkRef]


class PackSession:
    """Records on their way into the store. Every method may be called from any thread.

    Use it as a context manager: leaving it without :meth:`finish` drops all that was written.

    Args:
        backend: where packs go.
        index: told about the chunks of all packs once they are durable.
        pack_target: a pack is ended once it holds so many bytes.
    """

    def __init__(
        self, backend: Backend, index: ChunkIndex | None = None, *, pack_target: int = PACK_TARGET
    ) -> None:
        self._backend = backend
        self._index = index
        self._target = pack_target
        self._lock = threading.Lock()
        self._local = _PerThread()
        self._open: _OpenPack | None = None
        self._known: dict[bytes, ChunkRef] = {}
        self._chunks: defaultdict[bytes, list[ChunkRef]] = defaultdict(list)
        self._closing: list[Future[_Closed]] = []
        self._slots = threading.BoundedSemaphore(_CLOSING)
        self._pool: ThreadPoolExecutor | None = None
        self._stored = 0
        self._failure: BaseException | None = None
        self._over = False

    @property
    def stored_bytes(self) -> int:
        """Bytes of records written so far: what this session adds to the store."""
        return self._stored

    def add(self, kind: RecordKind, digest: bytes, data: Buffer) -> Location:
        """Store one record, whether or not an equal one is there.

        *data* may be reused once this returns.

        Raises:
            OutOfSpace, StoreUnavailable: the session is broken and must be aborted.
        """
        record = encode_record(kind, digest, _owned(data), self._local.compressor)
        with self._lock:
            (location,) = self._place([record])
            self._gather()
        return location

    def add_chunk(self, digest: bytes, data: Buffer) -> ChunkRef:
        """Store a chunk that this session has not stored yet; see :meth:`add_chunks`."""
        return self.add_chunks([(digest, data)])[0]

    def add_chunks(self, chunks: Sequence[tuple[bytes, Buffer]]) -> list[ChunkRef]:
        """Store chunks, given as digest and content, that this session has not stored yet.

        The buffers may be reused once this returns.

        Raises:
            OutOfSpace, StoreUnavailable: the session is broken and must be aborted.
        """
        known = self._known
        compressor = self._local.compressor
        records = {
            digest: encode_record(RecordKind.CHUNK, digest, data, compressor)
            for digest, data in chunks
            if digest not in known
        }
        with self._lock:
            new = [record for digest, record in records.items() if digest not in known]
            self._place_chunks(new, [record[2] for record in new])
            refs = [known[digest] for digest, _ in chunks]
            self._gather(all(type(data) is bytes for _, data in chunks))
            self._forget()
        return refs

    def add_chunk_list(self, digest: bytes, size: int, payload: Buffer) -> ChunkRef:
        """Store a chunk list that stands for *size* bytes of content, unless it is known."""
        record = encode_record(
            RecordKind.CHUNK_LIST, digest, _owned(payload), self._local.compressor
        )
        with self._lock:
            if digest not in self._known:
                self._place_chunks([record], [size])
            self._gather()
            return self._known[digest]

    def unknown(self, digests: Sequence[bytes]) -> list[bytes]:
        """Those of *digests* that this session has not stored."""
        known = self._known
        return [digest for digest in digests if digest not in known]

    def finish(self) -> list[FinishedPack]:
        """Make everything durable, then tell the index. Nothing can be added afterwards.

        Raises:
            OutOfSpace, StoreUnavailable: nothing of this session may be used; call :meth:`abort`.
        """
        with self._lock:
            self._check_usable()
            closed = [future.result() for future in self._closing]
            last, self._open = self._open, None
            if last:
                closed.append(self._close(last))
            self._over = True
        finished = [FinishedPack(pack, size, self._chunks[pack]) for pack, size in closed]
        self._release()
        if self._index is not None:
            for pack in finished:
                self._index.add_pack(pack.pack, pack.size, pack.chunks)
        return finished

    def abort(self) -> None:
        """Drop all packs of this session. Safe to call more than once, and after a failure."""
        with self._lock:
            if self._over:
                return
            self._over = True
            last, self._open = self._open, None
        self._release()
        if last:
            _drop(last.writer)
        for future in self._closing:
            if future.exception() is None:
                with contextlib.suppress(DatavcError):
                    self._backend.delete(pack_key(future.result()[0]))

    def __enter__(self) -> PackSession:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.abort()

    def _place_chunks(self, records: list[EncodedRecord], sizes: list[int]) -> None:
        """Place chunks or chunk lists, and remember them. Called with the lock held."""
        known = self._known
        locations = self._place(records)
        chunks = self._chunks
        for (_, digest, *_), size, location in zip(records, sizes, locations, strict=True):
            known[digest] = ref = ChunkRef(digest, size, location)
            chunks[location.pack].append(ref)

    def _place(self, records: list[EncodedRecord]) -> list[Location]:
        """Give *records* their places at the end of the open pack. Called with the lock held."""
        self._check_usable()
        locations: list[Location] = []
        if not records:
            return locations
        pack = self._open or self._next_pack()
        for record in records:
            if pack.end >= self._target:
                pack = self._next_pack()
            length = HEADER_SIZE + len(record[4])
            locations.append(Location(pack.id, pack.end, length))
            pack.records.append(record)
            pack.end += length
            pack.gathered += length
            self._stored += length
        return locations

    def _forget(self) -> None:
        known = self._known
        while len(known) > _REMEMBERED:
            del known[next(iter(known))]

    def _gather(self, may_wait: bool = True) -> None:
        """Write the gathered records if they are many, or if they live in borrowed buffers."""
        pack = self._open
        if pack and pack.records and not (may_wait and pack.gathered < _GATHER):
            self._flush(pack)

    def _flush(self, pack: _OpenPack) -> None:
        try:
            pack.flush()
        except BaseException as error:
            self._failure = error
            raise

    def _next_pack(self) -> _OpenPack:
        for future in self._closing:
            if future.done():
                future.result()
        if self._open:
            self._flush(self._open)
            full, self._open = self._open, None
            self._pool = self._pool or ThreadPoolExecutor(_CLOSING, "datavc-pack")
            self._slots.acquire()
            self._closing.append(self._pool.submit(self._close_and_free, full))
        pack = bytes.fromhex(new_id())
        self._open = _OpenPack(PackWriter(self._backend, pack))
        return self._open

    def _close_and_free(self, pack: _OpenPack) -> _Closed:
        try:
            return self._close(pack)
        finally:
            self._slots.release()

    def _close(self, pack: _OpenPack) -> _Closed:
        try:
            pack.flush()
            size = pack.writer.close()
        except BaseException:
            _drop(pack.writer)
            raise
        return pack.id, size

    def _check_usable(self) -> None:
        if self._over:
            raise RuntimeError("the pack session is over")
        if self._failure:
            raise self._failure

    def _release(self) -> None:
        if self._pool:
            self._pool.shutdown(wait=True)


class _PerThread(threading.local):
    """A compressor for each thread: one is not safe to share."""

    def __init__(self) -> None:
        self.compressor = Compressor()


class _OpenPack:
    """The pack that is being filled, with the records that are placed but not written yet."""

    def __init__(self, writer: PackWriter) -> None:
        self.writer = writer
        self.id = writer.pack
        self.end = PACK_HEADER_SIZE
        self.gathered = 0
        self.records: list[EncodedRecord] = []

    def flush(self) -> None:
        """Hand the gathered records to the writer."""
        records, self.records, self.gathered = self.records, [], 0
        if records:
            self.writer.write(records)


def _owned(data: Buffer) -> bytes:
    return data if isinstance(data, bytes) else bytes(data)


def _drop(writer: PackWriter) -> None:
    with contextlib.suppress(DatavcError):
        writer.abort()
