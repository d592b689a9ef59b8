"""Files that lie elsewhere into the store: what ``put`` of a URL does."""

from __future__ import annotations

import hashlib
import heapq
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from datavc.errors import Conflict, SourceUnreadable
from datavc.model.entry import Change, Entry
from datavc.model.external import External, Pin
from datavc.model.link_handling import LinkHandling
from datavc.model.source_uri import scheme_of, shown, split_object
from datavc.store.backend import Buffer
from datavc.store.chunk_index import ChunkIndex
from datavc.store.content import ContentWriter
from datavc.store.external.source_access import SourceAccess
from datavc.store.external.web_body import Limits, WebBody
from datavc.store.external.web_client import WebClient
from datavc.store.objects import ObjectStore
from datavc.store.piece_stream import PieceStream
from datavc.versioning.branch_view import BranchView
from datavc.versioning.elsewhere.listing import check_found, list_source
from datavc.versioning.elsewhere.path_filter import PathFilter
from datavc.versioning.elsewhere.plan import ElsewhereSource
from datavc.versioning.ingest import Ingested, write_changes
from datavc.versioning.local_files import Progress, Tally
from datavc.versioning.nodes import NodeStore, SessionSink

if TYPE_CHECKING:
    import io

#: Files on their way at once, and those that wait for their turn to be told.
_THREADS = 6
_IN_FLIGHT = 24
#: The ETag of an object that was uploaded in one piece is its MD5.
_MD5 = re.compile(r'"([0-9a-f]{32})"')


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file to be copied; of an object it is known which version."""

    target: str
    uri: str
    external: External | None


@dataclass(frozen=True, slots=True)
class Fetching:
    """How files are fetched."""

    #: Lists and reads buckets.
    access: SourceAccess
    #: Reads web servers.
    web: WebClient
    #: How much one file may take.
    limits: Limits | None = None


def copy_files(
    sources: Sequence[ElsewhereSource],
    fetching: Fetching,
    view: BranchView,
    objects: ObjectStore,
    chunks: ChunkIndex,
    nodes: NodeStore,
    *,
    progress: Progress | None = None,
) -> Ingested:
    """Store what lies at *sources* and the branch does not hold, and a change set that says so.

    Several files are fetched at a time; none is ever in memory as a whole.

    Raises:
        NotFound: there is nothing at a source.
        SourceUnreadable: a file ends early, changes on the way, or cannot be read.
        InvalidPath: a name cannot be kept.
        Conflict: two sources give the same path.
        AccessDenied, StoreUnavailable, OutOfSpace: nothing is visible.
    """
    tally = Tally(progress)
    with objects.session(chunks) as session:
        run = _Copying(ContentWriter(session, chunks), fetching, nodes, tally, progress)
        record = write_changes(run.changes(sources, view), SessionSink(session))
        if record is not None:
            session.finish()
        stored = session.stored_bytes if record is not None else 0
    return Ingested(record, tally.files, tally.bytes, tally.unchanged, stored)


class _Copying:
    def __init__(
        self,
        writer: ContentWriter,
        fetching: Fetching,
        nodes: NodeStore,
        tally: Tally,
        progress: Progress | None,
    ) -> None:
        self._writer = writer
        self._fetching = fetching
        self._nodes = nodes
        self._tally = tally
        self._tell: Callable[[int], None] | None = None
        if progress is not None:
            told = progress
            self._tell = lambda count: told(0, count)

    def changes(self, sources: Sequence[ElsewhereSource], view: BranchView) -> Iterator[Change]:
        held = view.holds()
        for wanted, entry in self._entries(self._in_order(sources)):
            same = held.same(wanted.target, entry.size, entry.digest, executable=False)
            told = entry.size if self._tell else 0
            self._tally.add(1, entry.size, unchanged=int(same), told=told)
            if not same:
                yield wanted.target, entry

    def _in_order(self, sources: Sequence[ElsewhereSource]) -> Iterator[_Wanted]:
        last: _Wanted | None = None
        for wanted in heapq.merge(*map(self._listed, sources), key=lambda one: one.target):
            if last is not None and last.target == wanted.target:
                raise Conflict(
                    f"{shown(last.uri)} and {shown(wanted.uri)} would both become /{wanted.target}",
                    hint="put them into different folders",
                )
            last = wanted
            yield wanted

    def _listed(self, source: ElsewhereSource) -> Iterator[_Wanted]:
        if scheme_of(source.uri) != "s3":
            yield _Wanted(source.target, source.uri, None)
            return
        count = 0
        access = self._fetching.access
        for found in list_source(source, access, self._nodes, PathFilter(), LinkHandling.REFUSE):
            count += 1
            yield _Wanted(found.target, found.external.uri, found.external)
        check_found(source, count)

    def _entries(self, files: Iterator[_Wanted]) -> Iterator[tuple[_Wanted, Entry]]:
        pending: deque[tuple[_Wanted, Future[Entry]]] = deque()
        with ThreadPoolExecutor(_THREADS, "datavc-fetch") as pool:
            try:
                for wanted in files:
                    pending.append((wanted, pool.submit(self._fetch, wanted)))
                    if len(pending) >= _IN_FLIGHT:
                        done, future = pending.popleft()
                        yield done, future.result()
                while pending:
                    done, future = pending.popleft()
                    yield done, future.result()
            finally:
                for _, future in pending:
                    future.cancel()

    def _fetch(self, wanted: _Wanted) -> Entry:
        if wanted.external is not None:
            pieces = _object_pieces(self._fetching, wanted.external)
        else:
            body = WebBody(self._fetching.web, wanted.uri, limits=self._fetching.limits)
            pieces = body.pieces()
        # It is read to its end, which is all that the declared type has over this.
        stream = cast("io.BufferedRandom", PieceStream(pieces))
        return self._writer.write_stream(stream, progress=self._tell)


def _object_pieces(fetching: Fetching, external: External) -> Iterator[Buffer]:
    """An object's content; held against its ETag where that is a digest."""
    access, limits = fetching.access, fetching.limits
    if limits is not None:
        limits.check_size(external.uri, external.size)
    started = time.monotonic()
    match = _MD5.fullmatch(external.pin(Pin.ETAG) or "")
    hasher = hashlib.md5(usedforsecurity=False)
    for piece in access.read(external):
        if match is not None:
            hasher.update(piece)
        if limits is not None:
            limits.check_time(external.uri, time.monotonic() - started)
        yield piece
    if match is not None and hasher.hexdigest() != match[1]:
        bucket, key = split_object(external.uri)
        if not access.bucket(bucket).has_own_digest(key):
            raise SourceUnreadable(
                f"{shown(external.uri)} arrived with another MD5 than its ETag tells",
                hint="try again",
            )
