"""Entries back to bytes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from datavc.errors import DataCorrupt, InvalidInput, OutOfSpace
from datavc.model.entry import ChunkRef, Entry
from datavc.store.backend import Buffer
from datavc.store.chunk_list import decode_chunk_list
from datavc.store.chunker import MAX_CHUNK
from datavc.store.objects import ObjectStore
from datavc.store.record import RecordKind

#: Called with the number of bytes done since the last call.
Progress = Callable[[int], None]


def read_content(
    objects: ObjectStore, entry: Entry, offset: int = 0, length: int | None = None
) -> Iterator[Buffer]:
    """The bytes ``[offset, offset + length)`` of *entry*, piece by piece, verified.

    Cut off at the end of the content; to the end when *length* is ``None``.

    Raises:
        InvalidInput: *offset* or *length* is negative.
        NotFound: a pack is gone.
        DataCorrupt: stored bytes are not what was written.
    """


def write_content(
    objects: ObjectStore, entry: Entry, fd: int, *, progress: Progress | None = None
) -> None:
    """Write the whole content of *entry*, verified, to the empty file *fd* from its start.

    Long runs of zeros become holes. Large files are written by several threads. The file is
    not synced.

    Raises:
        OutOfSpace: the file system of *fd* is full.
        NotFound: a pack is gone.
        DataCorrupt: stored bytes are not what was written.
    """
