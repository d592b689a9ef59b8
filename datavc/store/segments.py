"""Large contents, piece by piece: reading and cutting run ahead of hashing and storing.

One thread reads and cuts, one hashes the whole, two hash and store chunks; the work is in
libraries that release the interpreter's lock, so a large file keeps several cores busy. Memory
is bounded by the few buffers that are on their way.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from datavc.model.entry import ChunkRef
from datavc.store.chunker import MAX_CHUNK, cut
from datavc.store.content_source import Source

#: Bytes read at a time, and looked up in the chunk index by one question. Measured: with 16 MiB a
#: large put takes a sixth longer, since a segment leaves the caches before all threads saw it.
SEGMENT_SIZE = 4 * 1024 * 1024
#: Segments of one content that may be hashed and stored at once.
_IN_FLIGHT = 6
_STORING_THREADS = 2
#: Unused buffers that are kept for the next content.
_KEPT_BUFFERS = 8

#: Stores the chunks of a segment, given its bytes and the chunks' lengths.
StoreChunks = Callable[[memoryview, list[int]], list[ChunkRef]]


class Hasher(Protocol):
    """What is fed with the whole content."""

    def update(self, data: memoryview, /) -> object:
        """Take in the next bytes."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive whole chunks of a content, in a borrowed buffer."""

    buffer: bytearray
    size: int
    lengths: list[int]
    last: bool

    @property
    def data(self) -> memoryview:
        """The bytes of the chunks."""
        return memoryview(self.buffer)[: self.size]


class BufferPool:
    """Buffers for segments, to be used again. Safe to share between threads.

    Args:
        size: bytes of each; more than :data:`~datavc.store.chunker.MAX_CHUNK`.
    """

    def __init__(self, size: int = SEGMENT_SIZE + MAX_CHUNK) -> None:
        self._size = size
        self._free: list[bytearray] = []
        self._lock = threading.Lock()

    def take(self) -> bytearray:
        """A buffer that nobody else uses."""
        with self._lock:
            if self._free:
                return self._free.pop()
        return bytearray(self._size)

    def give_back(self, buffer: bytearray) -> None:
        """Let others use *buffer*."""
        with self._lock:
            if len(self._free) < _KEPT_BUFFERS:
                self._free.append(buffer)


def cut_segments(source: Source, buffers: BufferPool) -> Iterator[Segment]:
    """Read *source* to its end, cut into chunks exactly as if it were cut in one go."""
    carry = b""
    last = False
    while not last:
        buffer = buffers.take()
        view = memoryview(buffer)
        view[: len(carry)] = carry
        filled = len(carry) + source.fill(view[len(carry) :])
        last = filled < len(view)
        lengths = cut(view[:filled])
        if not last:
            lengths.pop()
        size = sum(lengths)
        carry = bytes(view[size:filled])
        yield Segment(buffer, size, lengths, last)


def store_segments(
    source: Source,
    buffers: BufferPool,
    whole: Hasher,
    store: StoreChunks,
    progress: Callable[[int], None] | None,
) -> tuple[int, list[ChunkRef]]:
    """Feed all of *source* to *whole* and its chunks to *store*. Returns its size and chunks.

    *progress* is called, from this thread, with the bytes done since the last call.
    """
    segments = cut_segments(source, buffers)
    first = next(segments)
    if first.last:
        whole.update(first.data)
        refs = store(first.data, first.lengths)
        buffers.give_back(first.buffer)
        if progress:
            progress(first.size)
        return first.size, refs
    return _Pipeline(buffers, whole, store, progress).run(chain([first], segments))


class _Pipeline:
    """Several segments of one content at once."""

    def __init__(
        self,
        buffers: BufferPool,
        whole: Hasher,
        store: StoreChunks,
        progress: Callable[[int], None] | None,
    ) -> None:
        self._buffers = buffers
        self._whole = whole
        self._store = store
        self._progress = progress
        self._running: deque[tuple[Segment, Future[object], Future[list[ChunkRef]]]] = deque()
        self._refs: list[ChunkRef] = []
        self._size = 0

    def run(self, segments: Iterator[Segment]) -> tuple[int, list[ChunkRef]]:
        with (
            ThreadPoolExecutor(1, "datavc-hash") as hashing,
            ThreadPoolExecutor(_STORING_THREADS, "datavc-store") as storing,
        ):
            for segment in segments:
                data = segment.data
                hashed: Future[object] = hashing.submit(self._whole.update, data)
                stored = storing.submit(self._store, data, segment.lengths)
                self._running.append((segment, hashed, stored))
                if len(self._running) >= _IN_FLIGHT:
                    self._settle()
            while self._running:
                self._settle()
        return self._size, self._refs

    def _settle(self) -> None:
        """Wait for the oldest segment, and take its buffer back."""
        segment, hashed, stored = self._running.popleft()
        hashed.result()
        self._refs += stored.result()
        self._size += segment.size
        self._buffers.give_back(segment.buffer)
        if self._progress:
            self._progress(segment.size)
