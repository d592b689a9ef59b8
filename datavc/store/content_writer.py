"""Bytes to entries: chunk, hash, skip what is known, store the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from datavc.model.entry import Entry
from datavc.store.chunk_index import ChunkIndex
from datavc.store.pack_session import PackSession

#: Called with the number of bytes done since the last call.
Progress = Callable[[int], None]


class ContentWriter:
    """Stores contents through *session*, leaving out what *index* knows.

    Small files cost least in batches (:meth:`write_small`). May be shared between threads.
    """

    def __init__(self, session: PackSession, index: ChunkIndex | None = None) -> None:
        self._session = session
        self._index = index

    def write_small(self, datas: Sequence[bytes]) -> list[Entry]:
        """Store many contents, held in memory, with one question to the index for all of them."""

    def write_file(self, path: Path, *, progress: Progress | None = None) -> Entry:
        """Store a regular file of any size, with its executable bit, in bounded memory.

        Raises:
            SourceUnreadable: it cannot be read, is no regular file, or changed while it was read.
            OutOfSpace, StoreUnavailable: the session is broken and must be aborted.
        """

    def write_stream(self, stream: BinaryIO, *, progress: Progress | None = None) -> Entry:
        """Store what *stream* gives until its end, in bounded memory.

        Raises:
            SourceUnreadable: reading failed.
            OutOfSpace, StoreUnavailable: the session is broken and must be aborted.
        """
