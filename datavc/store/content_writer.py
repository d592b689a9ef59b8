"""Bytes to entries: chunk, hash, skip what is known, store the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from blake3 import blake3

from datavc.model.entry import ChunkRef, Entry, EntryKind, Location
from datavc.model.ids import digest_of
from datavc.store.backend import Buffer
from datavc.store.chunk_index import ChunkIndex
from datavc.store.chunk_list import MAX_INLINE, cut_refs, encode_chunk_list
from datavc.store.chunker import MIN_CHUNK, cut
from datavc.store.content_reader import chunk_refs, read_content
from datavc.store.content_source import FileSource, Source, StreamSource
from datavc.store.objects import ObjectStore
from datavc.store.pack_session import PackSession
from datavc.store.segments import BufferPool, store_segments

#: Called with the number of bytes done since the last call.
Progress = Callable[[int], None]
#: Says where a record lies by now that lay somewhere else once.
Place = Callable[[Location], Location]
#: Told of the pieces of a content, in order.
See = Callable[[Buffer], None]


class ContentWriter:
    """Stores contents through *session*, leaving out what *index* knows.

    Small files cost least in batches (:meth:`write_small`). May be shared between threads.
    """

    def __init__(self, session: PackSession, index: ChunkIndex | None = None) -> None:
        self._session = session
        self._index = index
        self._buffers = BufferPool()

    def write_small(self, datas: Sequence[bytes]) -> list[Entry]:
        """Store many contents, held in memory, with one question to the index for all of them."""
        if max(map(len, datas), default=0) > MIN_CHUNK:
            return [
                self._write_memory(data) if len(data) > MIN_CHUNK else self.write_small([data])[0]
                for data in datas
            ]
        chunks = [(blake3(data).digest(), data) for data in datas]
        refs = self._store_chunks([chunk for chunk in chunks if chunk[1]])
        following = iter(refs)
        return [
            Entry(len(data), digest, (next(following),)) if data else Entry(0, digest)
            for digest, data in chunks
        ]

    def write_file(self, path: Path, *, progress: Progress | None = None) -> Entry:
        """Store a regular file of any size, with its executable bit, in bounded memory.

        Raises:
            SourceUnreadable: it cannot be read, is no regular file, or changed while it was read.
            OutOfSpace, StoreUnavailable: the session is broken and must be aborted.
        """
        with FileSource(path) as source:
            entry = self._write_source(source, progress, executable=source.executable)
            source.check_unchanged()
        return entry

    def write_stream(self, stream: BinaryIO, *, progress: Progress | None = None) -> Entry:
        """Store what *stream* gives until its end, in bounded memory.

        Raises:
            SourceUnreadable: reading failed.
            OutOfSpace, StoreUnavailable: the session is broken and must be aborted.
        """
        return self._write_source(StreamSource(stream), progress, executable=False)

    def write_source(self, source: Source) -> Entry:
        """Store what *source* gives until its end, in bounded memory; as :meth:`write_stream`."""
        return self._write_source(source, None, executable=False)

    def write_joined(
        self,
        objects: ObjectStore,
        parts: Sequence[Entry],
        place: Place,
        seen: tuple[blake3, int],
        see: See,
    ) -> Entry:
        """The content that *parts* are one after another; no chunk of them is stored again.

        Args:
            objects: where they are stored.
            parts: files.
            place: says where a record lies by now.
            seen: what has taken in the content of the first parts, and of how many; the others are
                read.
            see: told of every piece that is read, in order.

        Raises:
            NotFound, DataCorrupt: a part cannot be read.
        """
        whole, count = seen
        refs: list[ChunkRef] = []
        for number, part in enumerate(parts):
            if number >= count:
                for piece in read_content(objects, part):
                    whole.update(piece)
                    see(piece)
            refs.extend(_placed(chunk_refs(objects, part), place))
        size = sum(part.size for part in parts)
        return self._entry(size, whole.digest(), refs, executable=False)

    def write_placed(self, objects: ObjectStore, entry: Entry, place: Place) -> Entry:
        """*entry* with its chunks where *place* says that they lie by now.

        Raises:
            NotFound, DataCorrupt: a list of its chunks cannot be read.
        """
        if entry.kind is EntryKind.EXTERNAL:
            return replace(entry, refs=tuple(_placed(entry.refs, place)))
        refs = list(_placed(chunk_refs(objects, entry), place))
        placed = self._entry(entry.size, entry.digest, refs, executable=entry.executable)
        return replace(placed, kind=entry.kind)

    def _write_memory(self, data: bytes) -> Entry:
        refs = self._store_pieces(memoryview(data), cut(data))
        return self._entry(len(data), digest_of(data), refs, executable=False)

    def _write_source(
        self, source: Source, progress: Progress | None, *, executable: bool
    ) -> Entry:
        whole = blake3()
        size, refs = store_segments(source, self._buffers, whole, self._store_pieces, progress)
        return self._entry(size, whole.digest(), refs, executable=executable)

    def _entry(self, size: int, digest: bytes, refs: list[ChunkRef], *, executable: bool) -> Entry:
        depth = 0
        while len(refs) > MAX_INLINE:
            refs = self._store_lists(refs, depth)
            depth += 1
        return Entry(size, digest, tuple(refs), depth, executable)

    def _store_pieces(self, data: memoryview, lengths: list[int]) -> list[ChunkRef]:
        """Store the chunks of *data*, given their lengths."""
        chunks: list[tuple[bytes, Buffer]] = []
        start = 0
        for length in lengths:
            piece = data[start : start + length]
            chunks.append((digest_of(piece), piece))
            start += length
        return self._store_chunks(chunks)

    def _store_chunks(self, chunks: Sequence[tuple[bytes, Buffer]]) -> list[ChunkRef]:
        known = self._look_up([digest for digest, _ in chunks])
        if not known:
            return self._session.add_chunks(chunks)
        new = iter(self._session.add_chunks([chunk for chunk in chunks if chunk[0] not in known]))
        return [known.get(digest) or next(new) for digest, _ in chunks]

    def _store_lists(self, refs: list[ChunkRef], depth: int) -> list[ChunkRef]:
        """Store *refs*, which stand for lists of *depth* - 1 or chunks, as lists of *depth*.

        One that the index knows is stored again: it may name packs that were rewritten since,
        where these refs do not.
        """
        lists = [
            (encode_chunk_list(part, depth), sum(ref.size for ref in part))
            for part in cut_refs(refs)
        ]
        return [
            self._session.add_chunk_list(digest, size, payload) for (digest, payload), size in lists
        ]

    def _look_up(self, digests: list[bytes]) -> Mapping[bytes, ChunkRef]:
        """Those of *digests* that other sessions have stored."""
        if self._index is None:
            return {}
        unknown = self._session.unknown(digests)
        return self._index.lookup(unknown) if unknown else {}


def _placed(refs: Iterable[ChunkRef], place: Place) -> Iterator[ChunkRef]:
    return (replace(ref, location=place(ref.location)) for ref in refs)
