"""Local files to one stored change set: what ``put`` does before anything is staged.

It needs the object store and the chunk index, but no database, so it runs wherever the files are.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from datavc.errors import Conflict, SourceUnreadable
from datavc.model.change_set import ChangeSetWriter, StagedRecord
from datavc.model.entry import Change, Entry, EntryKind
from datavc.model.link_handling import LinkHandling
from datavc.model.name import clean_path
from datavc.store.chunk_index import ChunkIndex
from datavc.store.chunker import MIN_CHUNK
from datavc.store.content import ContentWriter
from datavc.store.objects import ObjectStore
from datavc.versioning.branch_view import BranchView
from datavc.versioning.fewer_collections import fewer_collections
from datavc.versioning.local_files import LocalFile, LocalFiles, LocalSource, Progress, Tally
from datavc.versioning.local_links import read_link
from datavc.versioning.nodes import NodeStore, SessionSink
from datavc.versioning.stat_cache import StatCache

__all__ = ["Ingested", "LocalSource", "Progress", "ingest_files", "ingest_stream"]

#: Small files are stored in batches of at most so many files and bytes.
_BATCH_FILES = 1024
_BATCH_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ingested:
    """What was read in."""

    #: The change set, or ``None`` when the branch holds everything already.
    record: StagedRecord | None
    #: Files looked at, and their plain bytes.
    files: int
    bytes: int
    #: Files among them that the branch holds unchanged.
    unchanged: int
    #: Bytes added to the store.
    stored_bytes: int


def ingest_files(
    sources: Sequence[LocalSource],
    view: BranchView,
    objects: ObjectStore,
    chunks: ChunkIndex,
    *,
    cache: StatCache | None = None,
    links: LinkHandling = LinkHandling.REFUSE,
    progress: Progress | None = None,
) -> Ingested:
    """Store what *sources* hold and the branch does not, and a change set that says so.

    Args:
        sources: no two with the same target.
        view: the branch as it is.
        objects: where content goes.
        chunks: what is there already.
        cache: stats of the only source, a folder, from earlier times.
        links: what becomes of symbolic links.
        progress: told of files as they are done.

    Raises:
        SourceUnreadable: a file cannot be read, is none, or changes while it is read.
        InvalidPath: a name cannot be kept.
        Conflict: two sources give the same path.
        OutOfSpace, StoreUnavailable: the store cannot take it; nothing is visible.
    """
    with fewer_collections(), objects.session(chunks) as session:
        writer = ContentWriter(session, chunks)
        tally = Tally(progress)
        files = LocalFiles(view, cache, tally, links=links)
        storing = Storing(view, writer, tally, links=links, progress=progress)
        try:
            merged = heapq.merge(*map(files.of, sources), key=_target)
            record = write_changes(storing.changes(merged), SessionSink(session))
            # An empty change set is not worth a pack.
            if record is None and not session.stored_bytes:
                session.abort()
            else:
                session.finish()
        except BaseException:
            files.abort()
            raise
        files.close()
        stored = session.stored_bytes
        return Ingested(record, tally.files, tally.bytes, tally.unchanged, stored)


def ingest_stream(
    stream: BinaryIO | bytes,
    target: str,
    view: BranchView,
    objects: ObjectStore,
    chunks: ChunkIndex,
    *,
    nodes: NodeStore | None = None,
    progress: Progress | None = None,
) -> Ingested:
    """Store one file's content from memory or from a stream; *nodes* is told of the change set.

    Raises:
        SourceUnreadable, InvalidPath, OutOfSpace, StoreUnavailable: as :func:`ingest_files`.
    """
    path = clean_path(target)
    with objects.session(chunks) as session:
        writer = ContentWriter(session, chunks)
        if isinstance(stream, bytes):
            entry = writer.write_small([stream])[0]
        else:
            entry = writer.write_stream(stream, progress=_bytes_of(progress))
        same = view.holds().same(path, entry.size, entry.digest, executable=False)
        record = None
        if not same:
            sink = SessionSink(session)
            record = write_changes(iter([(path, entry)]), sink)
            session.finish()
            if nodes is not None:
                nodes.remember(sink.written)
        if progress:
            progress(1, 0)
        return Ingested(record, 1, entry.size, int(same), session.stored_bytes if record else 0)


def write_changes(changes: Iterator[Change], sink: SessionSink) -> StagedRecord | None:
    """Store a change set; ``None`` when there is no change."""
    writer = ChangeSetWriter(sink)
    for path, entry in changes:
        writer.add(path, entry)
    return None if writer.is_empty else writer.finish()


class Storing:
    """One pass over the files that are to be read."""

    def __init__(
        self,
        view: BranchView,
        writer: ContentWriter,
        tally: Tally,
        *,
        links: LinkHandling,
        progress: Progress | None,
    ) -> None:
        self._held = view.holds()
        self._writer = writer
        self._tally = tally
        self._progress = progress
        self._flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
        if links is not LinkHandling.FOLLOW:
            self._flags |= os.O_NOFOLLOW
        self._batch: list[LocalFile] = []
        self._batch_bytes = 0

    def changes(self, files: Iterator[LocalFile]) -> Iterator[Change]:
        """The change set's content: what of *files*, sorted by target, the branch lacks."""
        last: LocalFile | None = None
        for file in files:
            if last is not None and last.target == file.target:
                raise Conflict(
                    f"{last.path!r} and {file.path!r} would both become /{file.target}",
                    hint="put them into different folders",
                )
            last = file
            if file.size > MIN_CHUNK:
                yield from self._flush()
                yield from self._large(file)
                continue
            self._batch.append(file)
            self._batch_bytes += file.size
            if len(self._batch) >= _BATCH_FILES or self._batch_bytes >= _BATCH_BYTES:
                yield from self._flush()
        yield from self._flush()

    def _large(self, file: LocalFile) -> Iterator[Change]:
        told = 0

        def tell(count: int) -> None:
            nonlocal told
            told += count
            if self._progress:
                self._progress(0, count)

        entry = self._writer.write_file(Path(file.path), progress=tell)
        yield from self._stored(file, entry, told)

    def _flush(self) -> Iterator[Change]:
        batch, self._batch, self._batch_bytes = self._batch, [], 0
        datas = [
            read_link(file.path) if file.is_link else _read_small(file.path, file.size, self._flags)
            for file in batch
        ]
        for file, entry in zip(batch, self._writer.write_small(datas), strict=True):
            yield from self._stored(file, entry)

    def _stored(self, file: LocalFile, entry: Entry, told: int = 0) -> Iterator[Change]:
        if file.executable and not entry.executable:
            entry = replace(entry, executable=True)
        if file.is_link:
            entry = replace(entry, kind=EntryKind.SYMLINK)
        file.remember(entry.digest)
        target = file.target
        same = self._held.same(
            target, entry.size, entry.digest, executable=entry.executable, kind=entry.kind
        )
        self._tally.add(1, entry.size, unchanged=int(same), told=told)
        if not same:
            yield target, entry


def _read_small(path: str, size: int, flags: int) -> bytes:
    try:
        handle = os.open(path, flags)
        try:
            # One byte more than expected tells whether it has grown.
            data = os.read(handle, size + 1)
        finally:
            os.close(handle)
    except OSError as error:
        raise SourceUnreadable(f"{path!r} cannot be read: {error.strerror}") from None
    if len(data) != size:
        raise SourceUnreadable(
            f"{path!r} changed while it was read", hint="try again once it is at rest"
        )
    return data


def _bytes_of(progress: Progress | None) -> Callable[[int], None] | None:
    if progress is None:
        return None
    return lambda count: progress(0, count)


def _target(file: LocalFile) -> str:
    return file.target
