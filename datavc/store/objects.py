"""Records in and out of a store, by location: what the layers above use."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from datavc.errors import NotFound
from datavc.model.entry import Location
from datavc.store.external.known_digests import KnownDigests
from datavc.store.key import pack_key
from datavc.store.moved_packs import MovedPacks, absent
from datavc.store.pack import read_footer
from datavc.store.record import RecordKind, decode_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future

    from datavc.store.backend import Backend, Buffer
    from datavc.store.chunk_index import ChunkIndex
    from datavc.store.external.source_access import SourceAccess
    from datavc.store.pack import PackFooter
    from datavc.store.pack_session import PackSession

#: What a record is asked for by: where it lies, its digest, and what it must hold.
Wanted = tuple[Location, bytes, RecordKind]

#: Neighbouring records are fetched by one read of at most so many bytes ...
_READ_SIZE = 4 * 1024 * 1024
#: ... that may hold gaps of at most so many.
_GAP = 32 * 1024
#: Reads on their way at once.
_READS_AHEAD = 4


class ObjectStore:
    """Records in a backend. Every method may be called from any thread."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        #: Packs that were rewritten.
        self.moved = MovedPacks(backend)
        self._lock = threading.Lock()
        self._sources: SourceAccess | None = None
        #: What is known of the contents of external files.
        self.digests = KnownDigests()

    @property
    def sources(self) -> SourceAccess:
        """Reads what lies elsewhere; whatever this process can, unless another is set here."""
        from datavc.store.external.source_access import SourceAccess

        with self._lock:
            if self._sources is None:
                self._sources = SourceAccess()
            return self._sources

    @sources.setter
    def sources(self, access: SourceAccess) -> None:
        self._sources = access

    def close(self) -> None:
        """Let go of connections to what lies elsewhere. Safe to call more than once."""
        if self._sources is not None:
            self._sources.close()

    def session(self, index: ChunkIndex | None = None) -> PackSession:
        """A new session to write records; *index* is told of its chunks when it finishes."""
        from datavc.store.pack_session import PackSession

        return PackSession(self.backend, index)

    def read(self, location: Location, digest: bytes, kind: RecordKind) -> Buffer:
        """The plain payload of one record, verified.

        Raises:
            NotFound: its pack is gone.
            Purged: its bytes were removed for good.
            DataCorrupt: the bytes there are not that record.
        """
        location = self.moved.place(location)
        try:
            data = self.backend.get(pack_key(location.pack), location.offset, location.length)
        except NotFound as error:
            return self.read(absent(error, self.moved, location), digest, kind)
        return decode_record(data, location, digest, kind)

    def read_many(self, wanted: Iterable[Wanted]) -> Iterator[Buffer]:
        """The plain payloads of many records, verified, in the order asked for.

        Neighbours are fetched together, a few reads ahead of the consumer; memory stays bounded.

        Raises:
            NotFound, DataCorrupt: as :meth:`read`.
        """
        runs = plan_reads(wanted)
        first = next(runs, None)
        if first is None:
            return
        second = next(runs, None)
        if second is None:
            yield from self.read_run(first)
            return
        with ThreadPoolExecutor(_READS_AHEAD, "datavc-read") as pool:
            ahead: deque[Future[list[Buffer]]] = deque()
            ahead.append(pool.submit(self.read_run, first))
            ahead.append(pool.submit(self.read_run, second))
            try:
                for run in runs:
                    ahead.append(pool.submit(self.read_run, run))
                    if len(ahead) > _READS_AHEAD:
                        yield from ahead.popleft().result()
                while ahead:
                    yield from ahead.popleft().result()
            finally:
                for future in ahead:
                    future.cancel()

    def read_run(self, run: list[Wanted]) -> list[Buffer]:
        """The plain payloads of one run of :func:`plan_reads`, fetched by one read, verified.

        Raises:
            NotFound, Purged, DataCorrupt: as :meth:`read`.
        """
        first = run[0][0]
        if self.moved.knows(first.pack):
            return self._read_moved(run)
        start = first.offset
        end = run[-1][0].offset + run[-1][0].length
        try:
            whole = memoryview(self.backend.get(pack_key(first.pack), start, end - start))
        except NotFound as error:
            absent(error, self.moved, first)
            return self._read_moved(run)
        return [
            decode_record(
                whole[at.offset - start : at.offset - start + at.length], at, digest, kind
            )
            for at, digest, kind in run
        ]

    def _read_moved(self, run: list[Wanted]) -> list[Buffer]:
        moved = ((self.moved.place(at), digest, kind) for at, digest, kind in run)
        return [data for piece in plan_reads(moved) for data in self.read_run(piece)]

    def footer(self, pack: bytes) -> PackFooter:
        """The index of one pack.

        Raises:
            NotFound, DataCorrupt, UnknownFormat: see :func:`datavc.store.pack.read_footer`.
        """
        return read_footer(self.backend, pack)


def plan_reads(wanted: Iterable[Wanted]) -> Iterator[list[Wanted]]:
    """Cut *wanted* into runs of records that lie one after another, near enough for one read."""
    run: list[Wanted] = []
    for item in wanted:
        if run and not _joins(run, item[0]):
            yield run
            run = []
        run.append(item)
    if run:
        yield run


def _joins(run: list[Wanted], location: Location) -> bool:
    last = run[-1][0]
    gap = location.offset - (last.offset + last.length)
    span = location.offset + location.length - run[0][0].offset
    return location.pack == last.pack and 0 <= gap <= _GAP and span <= _READ_SIZE
