"""Entries back to bytes."""

from __future__ import annotations

import errno
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice, tee

from blake3 import blake3

from datavc.errors import DataCorrupt, InvalidInput, OutOfSpace, Unavailable
from datavc.model.entry import ChunkRef, Entry, EntryKind
from datavc.store.backend import Buffer
from datavc.store.chunk_list import decode_chunk_list
from datavc.store.chunker import MAX_CHUNK
from datavc.store.objects import ObjectStore, Wanted, plan_reads
from datavc.store.record import RecordKind

#: Called with the number of bytes done since the last call.
Progress = Callable[[int], None]

#: A chunk, and where in the content it starts.
_Placed = tuple[int, ChunkRef]

#: Contents up to this size are written by the calling thread alone.
_ALONE = 4 * 1024 * 1024
_THREADS = 4
_IN_FLIGHT = 8
_MAX_PIECES = 1024
_ZEROS = bytes(MAX_CHUNK)


def read_content(
    objects: ObjectStore, entry: Entry, offset: int = 0, length: int | None = None
) -> Iterator[Buffer]:
    """The bytes ``[offset, offset + length)`` of *entry*, piece by piece, verified.

    Cut off at the end of the content; to the end when *length* is ``None``.

    Raises:
        InvalidInput: *offset* or *length* is negative.
        NotFound: a pack is gone.
        DataCorrupt: stored bytes are not what was written.
        SourceChanged: it lies elsewhere, and is not there any more as it was imported.
        AccessDenied: it lies where this process may not read.
    """
    if offset < 0 or (length is not None and length < 0):
        raise InvalidInput("a range of a content cannot start or end before its start")
    if entry.kind is EntryKind.EXTERNAL:
        from datavc.store.external.record import read_external

        yield from objects.sources.read(read_external(objects, entry), offset, length)
        return
    stop = entry.size if length is None else min(entry.size, offset + length)
    ahead, placed = tee(_chunks_of(objects, entry, offset, stop))
    for (start, ref), data in zip(placed, objects.read_many(_wanted(ahead)), strict=True):
        _check_size(data, ref)
        if start < offset or start + ref.size > stop:
            yield memoryview(data)[max(0, offset - start) : stop - start]
        else:
            yield data


def write_content(
    objects: ObjectStore, entry: Entry, fd: int, *, progress: Progress | None = None
) -> None:
    """Write the whole content of *entry*, verified, to the empty file *fd* from its start.

    Long runs of zeros become holes. Large files are written by several threads. The file is
    not synced. *progress* is called from this thread.

    Raises:
        OutOfSpace: the file system of *fd* is full.
        Unavailable: writing to *fd* failed otherwise.
        NotFound: a pack is gone.
        DataCorrupt: stored bytes are not what was written.
        SourceChanged, AccessDenied: it lies elsewhere; as :func:`read_content`.
    """
    try:
        if entry.kind is EntryKind.EXTERNAL:
            _copy_external(objects, entry, fd, progress)
        elif entry.size > _ALONE:
            _write_large(objects, entry, fd, progress)
        else:
            _write_at(fd, 0, list(read_content(objects, entry)))
            if progress:
                progress(entry.size)
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise OutOfSpace(f"no space for a file of {entry.size} bytes: {reason}") from None
        raise Unavailable(f"a file of {entry.size} bytes cannot be written: {reason}") from None


def content_digest(objects: ObjectStore, entry: Entry) -> bytes:
    """BLAKE3 of what an entry stands for; of an external file, it is read unless it is known.

    Raises:
        SourceChanged, AccessDenied, SourceUnreadable, StoreUnavailable: it cannot be read.
    """
    if entry.kind is not EntryKind.EXTERNAL:
        return entry.digest
    known = objects.digests.find(entry.digest)
    if known is None:
        hasher = blake3()
        for piece in read_content(objects, entry):
            hasher.update(piece)
        known = hasher.digest()
        objects.digests.add(entry.digest, known)
    return known


def chunk_refs(objects: ObjectStore, entry: Entry) -> Iterator[ChunkRef]:
    """The chunks of *entry* in order, whatever lists they stand in.

    Raises:
        NotFound, DataCorrupt: a list cannot be read.
    """
    return (ref for _, ref in _chunks_of(objects, entry, 0, entry.size))


def _copy_external(objects: ObjectStore, entry: Entry, fd: int, progress: Progress | None) -> None:
    hasher = blake3()
    position = 0
    for piece in read_content(objects, entry):
        hasher.update(piece)
        _write_at(fd, position, [piece])
        position += len(piece)
        if progress:
            progress(len(piece))
    objects.digests.add(entry.digest, hasher.digest())


def _write_large(objects: ObjectStore, entry: Entry, fd: int, progress: Progress | None) -> None:
    os.ftruncate(fd, entry.size)
    ahead, placed = tee(_chunks_of(objects, entry, 0, entry.size))
    # The system lets one writer into a file at a time, and has the others burn their processors
    # while they wait.
    turn = threading.Lock()
    with ThreadPoolExecutor(_THREADS, "datavc-get") as pool:
        running: deque[Future[int]] = deque()
        try:
            for run in plan_reads(_wanted(ahead)):
                chunks = list(islice(placed, len(run)))
                running.append(pool.submit(_write_run, objects, run, chunks, fd, turn))
                if len(running) >= _IN_FLIGHT:
                    _settle(running, progress)
            while running:
                _settle(running, progress)
        finally:
            for future in running:
                future.cancel()


def _settle(running: deque[Future[int]], progress: Progress | None) -> None:
    done = running.popleft().result()
    if progress:
        progress(done)


def _write_run(
    objects: ObjectStore, run: list[Wanted], chunks: list[_Placed], fd: int, turn: threading.Lock
) -> int:
    """Write consecutive chunks, when it is this thread's *turn*; returns their bytes."""
    pieces = objects.read_run(run)
    with turn:
        return _write_pieces(pieces, chunks, fd)


def _write_pieces(pieces: list[Buffer], chunks: list[_Placed], fd: int) -> int:
    start = chunks[0][0]
    position = start
    waiting: list[Buffer] = []
    for (_, ref), data in zip(chunks, pieces, strict=True):
        _check_size(data, ref)
        if _is_zeros(data):
            _write_at(fd, start, waiting)
            waiting = []
            start = position + ref.size
        else:
            waiting.append(data)
        position += ref.size
    _write_at(fd, start, waiting)
    return position - chunks[0][0]


def _write_at(fd: int, offset: int, pieces: list[Buffer]) -> None:
    for first in range(0, len(pieces), _MAX_PIECES):
        batch = pieces[first : first + _MAX_PIECES]
        total = sum(map(len, batch))
        written = os.pwritev(fd, batch, offset)
        if written < total:
            rest = memoryview(b"".join(batch))[written:]
            while rest:
                count = os.pwrite(fd, rest, offset + total - len(rest))
                rest = rest[count:]
        offset += total


def _is_zeros(data: Buffer) -> bool:
    size = len(data)
    return data[:64] == _ZEROS[: min(size, 64)] and bytes(data) == _ZEROS[:size]


def _chunks_of(objects: ObjectStore, entry: Entry, start: int, stop: int) -> Iterator[_Placed]:
    """The chunks of *entry* that hold some of the bytes ``[start, stop)``."""
    if sum(ref.size for ref in entry.refs) != entry.size:
        raise DataCorrupt(f"the pieces of content {entry.digest.hex()[:12]} do not add up")
    return _chunks(objects, entry.refs, entry.depth, 0, start, stop)


def _chunks(
    objects: ObjectStore, refs: Iterable[ChunkRef], depth: int, at: int, start: int, stop: int
) -> Iterator[_Placed]:
    placed: list[_Placed] = []
    for ref in refs:
        if at < stop and at + ref.size > start:
            placed.append((at, ref))
        at += ref.size
    if depth == 0:
        yield from placed
        return
    lists = objects.read_many(
        (ref.location, ref.digest, RecordKind.CHUNK_LIST) for _, ref in placed
    )
    for (base, ref), payload in zip(placed, lists, strict=True):
        below = decode_chunk_list(payload, ref, depth - 1)
        yield from _chunks(objects, below, depth - 1, base, start, stop)


def _wanted(placed: Iterable[_Placed]) -> Iterator[Wanted]:
    return ((ref.location, ref.digest, RecordKind.CHUNK) for _, ref in placed)


def _check_size(data: Buffer, ref: ChunkRef) -> None:
    if len(data) != ref.size:
        at = ref.location
        raise DataCorrupt(
            f"the chunk at offset {at.offset} of pack {at.pack.hex()} has {len(data)} bytes, "
            f"not {ref.size}"
        )
