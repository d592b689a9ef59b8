"""Local files to one stored change set: what ``put`` does before anything is staged.

It needs the object store and the chunk index, but no database, so it runs wherever the files are.
"""

from __future__ import annotations

import heapq
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from datavc.errors import Conflict, SourceUnreadable
from datavc.model.change_set import ChangeSetWriter, StagedRecord
from datavc.model.entry import Change, Entry
from datavc.model.ids import DIGEST_SIZE
from datavc.model.name import MAX_PATH_BYTES, clean_path
from datavc.store.chunk_index import ChunkIndex
from datavc.store.chunker import MIN_CHUNK
from datavc.store.content import ContentWriter
from datavc.store.objects import ObjectStore
from datavc.versioning.branch_view import BranchView
from datavc.versioning.local_folder import LocalFolder, read_file_stats, read_folder
from datavc.versioning.nodes import SessionSink
from datavc.versioning.stat_cache import FolderStats, StatCache, StatCacheReader, StatCacheWriter

#: Small files are stored in batches of at most so many files and bytes.
_BATCH_FILES = 1024
_BATCH_BYTES = 8 * 1024 * 1024

#: Paths of so many characters are never too long in bytes.
_SHORT = MAX_PATH_BYTES // 4

#: Called with the number of files and of bytes done since the last call.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class LocalSource:
    """A local file or folder, and the path it gets in the repo (``""``: a folder at the root)."""

    path: Path
    target: str
    is_folder: bool


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
    follow_links: bool = False,
    progress: Progress | None = None,
) -> Ingested:
    """Store what *sources* hold and the branch does not, and a change set that says so.

    Args:
        sources: no two with the same target.
        view: the branch as it is.
        objects: where content goes.
        chunks: what is there already.
        cache: stats of the only source, a folder, from earlier times.
        follow_links: store what symbolic links point to, rather than refuse them.
        progress: told of files as they are done.

    Raises:
        SourceUnreadable: a file cannot be read, is none, or changes while it is read.
        InvalidPath: a name cannot be kept.
        Conflict: two sources give the same path.
        OutOfSpace, StoreUnavailable: the store cannot take it; nothing is visible.
    """
    with objects.session(chunks) as session:
        writer = ContentWriter(session, chunks)
        reading = _Reading(view, writer, cache, follow_links=follow_links, progress=progress)
        try:
            record = _write(reading.changes(sources), session_sink=SessionSink(session))
            # An empty change set is not worth a pack.
            if record is None and not session.stored_bytes:
                session.abort()
            else:
                session.finish()
        except BaseException:
            reading.abort()
            raise
        reading.close()
        return reading.result(record, session.stored_bytes)


def ingest_stream(
    stream: BinaryIO | bytes,
    target: str,
    view: BranchView,
    objects: ObjectStore,
    chunks: ChunkIndex,
    *,
    progress: Progress | None = None,
) -> Ingested:
    """Store one file's content from memory or from a stream.

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
            record = _write(iter([(path, entry)]), session_sink=SessionSink(session))
            session.finish()
        if progress:
            progress(1, 0)
        return Ingested(record, 1, entry.size, int(same), session.stored_bytes if record else 0)


def _write(changes: Iterator[Change], *, session_sink: SessionSink) -> StagedRecord | None:
    writer = ChangeSetWriter(session_sink)
    for path, entry in changes:
        writer.add(path, entry)
    return None if writer.is_empty else writer.finish()


@dataclass(slots=True)
class _File:
    """A file that is about to be stored, or known to be unchanged."""

    target: str
    path: str
    size: int
    executable: bool
    #: Where its digest goes once it is known.
    stats: _OpenStats | None
    index: int


class _OpenStats:
    """The stats of a folder whose files' digests are not all known yet."""

    def __init__(self, name: str, folder: LocalFolder, out: StatCacheWriter) -> None:
        self._stats = FolderStats(name, folder.names, folder.stats, b"")
        self._digests = bytearray(len(folder.names) * DIGEST_SIZE)
        self._missing = len(folder.names)
        self._out = out

    def set(self, index: int, digest: bytes) -> None:
        """The digest of one file; with the last one, the folder is remembered."""
        self._digests[index * DIGEST_SIZE : (index + 1) * DIGEST_SIZE] = digest
        self._missing -= 1
        if not self._missing:
            self._stats.digests = bytes(self._digests)
            self._out.add(self._stats)


class _Reading:
    """One pass over the sources."""

    def __init__(
        self,
        view: BranchView,
        writer: ContentWriter,
        cache: StatCache | None,
        *,
        follow_links: bool,
        progress: Progress | None,
    ) -> None:
        # Files are walked ahead of those that are stored, and each goes through the paths in order.
        self._held = view.holds()
        self._held_ahead = view.holds()
        self._writer = writer
        self._follow_links = follow_links
        self._progress = progress
        self._old: StatCacheReader | None = None
        self._new: StatCacheWriter | None = None
        self._in_sync = False
        if cache is not None:
            self._old = cache.read()
            self._new = cache.write(time.time_ns())
            self._in_sync = not view.staged and cache.synced_tree() == view.tree.digest
            # What is remembered from here on is in no tree until the caller says so.
            cache.forget_synced_tree()
        self._batch: list[_File] = []
        self._batch_bytes = 0
        self._files = self._bytes = self._unchanged = 0
        self._inside: set[tuple[int, int]] = set()

    def changes(self, sources: Sequence[LocalSource]) -> Iterator[Change]:
        """The change set's content, sorted by path."""
        last: _File | None = None
        for file in heapq.merge(*map(self._source, sources), key=_target):
            if last is not None and last.target == file.target:
                raise Conflict(
                    f"{last.path!r} and {file.path!r} would both become /{file.target}",
                    hint="put them into different folders",
                )
            last = file
            yield from self._add(file)
        yield from self._flush()

    def close(self) -> None:
        """Keep what was learnt for the next time."""
        if self._old is not None:
            self._old.close()
        if self._new is not None:
            self._new.close()

    def abort(self) -> None:
        """Forget what was learnt."""
        if self._old is not None:
            self._old.close()
        if self._new is not None:
            self._new.abort()

    def result(self, record: StagedRecord | None, stored: int) -> Ingested:
        """What it came to."""
        return Ingested(record, self._files, self._bytes, self._unchanged, stored)

    def _source(self, source: LocalSource) -> Iterator[_File]:
        path = os.fspath(source.path)
        if source.is_folder:
            target = f"{clean_path(source.target)}/" if source.target else ""
            return self._folder(path, target, "")
        return self._single(path, clean_path(source.target))

    def _single(self, path: str, target: str) -> Iterator[_File]:
        size, _, _, _, mode = read_file_stats(path, follow_links=self._follow_links)
        yield _File(target, path, size, bool(mode & stat.S_IXUSR), None, 0)

    def _folder(self, path: str, target: str, name: str) -> Iterator[_File]:
        """The files below *path*, without those that are known to be unchanged."""
        folder = read_folder(path, follow_links=self._follow_links)
        known = self._old.folder(name) if self._old is not None else None
        if known is not None and self._in_sync and known.matches(folder):
            self._skip(folder, known)
            for subfolder in folder.subfolders:
                yield from self._subfolder(path, target, name, subfolder)
            return
        stats = _OpenStats(name, folder, self._new) if self._new is not None else None
        digests = _known_digests(known, folder)
        for child, index in folder.in_order():
            if index is None:
                yield from self._subfolder(path, target, name, child[:-1])
                continue
            size, _, _, _, mode = folder.stats[index]
            file = _File(
                _checked(target + child),
                f"{path}/{child}",
                size,
                bool(mode & stat.S_IXUSR),
                stats,
                index,
            )
            digest = digests.get(index)
            if digest is None or not self._is_held(file, digest):
                yield file

    def _subfolder(self, path: str, target: str, name: str, child: str) -> Iterator[_File]:
        inner = f"{path}/{child}"
        if not self._follow_links:
            yield from self._folder(inner, f"{target}{child}/", f"{name}{child}/")
            return
        status = Path(inner).stat()
        identity = (status.st_dev, status.st_ino)
        if identity in self._inside:
            raise SourceUnreadable(f"{inner!r} leads back to a folder that it is in")
        self._inside.add(identity)
        yield from self._folder(inner, f"{target}{child}/", f"{name}{child}/")
        self._inside.discard(identity)

    def _skip(self, folder: LocalFolder, known: FolderStats) -> None:
        """Pass over a folder whose files the branch holds as they are."""
        count, size = len(folder.names), sum(stats[0] for stats in folder.stats)
        self._files += count
        self._unchanged += count
        self._bytes += size
        if self._new is not None:
            self._new.add(known)
        if self._progress:
            self._progress(count, size)

    def _is_held(self, file: _File, digest: bytes) -> bool:
        """Whether the branch holds the file, whose content is known, and if so count it."""
        if not self._in_sync and not self._held_ahead.same(
            file.target, file.size, digest, executable=file.executable
        ):
            return False
        self._count(file, is_new=False)
        if file.stats is not None:
            file.stats.set(file.index, digest)
        return True

    def _add(self, file: _File) -> Iterator[Change]:
        if file.size > MIN_CHUNK:
            yield from self._flush()
            entry = self._writer.write_file(Path(file.path), progress=_bytes_of(self._progress))
            yield from self._stored(file, entry, progressed=True)
            return
        self._batch.append(file)
        self._batch_bytes += file.size
        if len(self._batch) >= _BATCH_FILES or self._batch_bytes >= _BATCH_BYTES:
            yield from self._flush()

    def _flush(self) -> Iterator[Change]:
        batch, self._batch, self._batch_bytes = self._batch, [], 0
        if not batch:
            return
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
        if not self._follow_links:
            flags |= os.O_NOFOLLOW
        datas = [_read_small(file.path, file.size, flags) for file in batch]
        for file, entry in zip(batch, self._writer.write_small(datas), strict=True):
            yield from self._stored(file, entry)

    def _stored(self, file: _File, entry: Entry, *, progressed: bool = False) -> Iterator[Change]:
        if file.executable and not entry.executable:
            entry = replace(entry, executable=True)
        if file.stats is not None:
            file.stats.set(file.index, entry.digest)
        is_new = not self._held.same(
            file.target, entry.size, entry.digest, executable=entry.executable
        )
        self._count(file, is_new=is_new, progressed=progressed)
        if is_new:
            yield file.target, entry

    def _count(self, file: _File, *, is_new: bool, progressed: bool = False) -> None:
        self._files += 1
        self._bytes += file.size
        self._unchanged += not is_new
        if self._progress:
            self._progress(1, 0 if progressed else file.size)


def _known_digests(known: FolderStats | None, folder: LocalFolder) -> dict[int, bytes]:
    """Digests of the files that are as they were, by their index in *folder*."""
    if known is None:
        return {}
    before = {
        name: (stats, index)
        for index, (name, stats) in enumerate(zip(known.names, known.stats, strict=True))
    }
    found: dict[int, bytes] = {}
    for index, name in enumerate(folder.names):
        old = before.get(name)
        if old is not None and old[0] == folder.stats[index]:
            found[index] = known.digest(old[1])
    return found


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


def _checked(path: str) -> str:
    """A path whose parts are names in folders that were read, so only its length can be wrong."""
    return clean_path(path) if len(path) > _SHORT else path


def _bytes_of(progress: Progress | None) -> Callable[[int], None] | None:
    if progress is None:
        return None
    return lambda count: progress(0, count)


def _target(file: _File) -> str:
    return file.target
