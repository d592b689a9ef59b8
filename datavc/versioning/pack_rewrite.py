"""Rewriting packs without some of their records. No id changes: trees go on naming the old place.

The order keeps every reader and writer whole, wherever this is killed: new packs first, then one
transaction that says so, then the old packs are deleted. Before that transaction the old packs are
read; after it, whoever does not find one asks for its moves.

Moves are stored under the old pack's name, and only within the transaction, which holds the turn:
a run that was suspended for so long that another one has taken its turn, and has rewritten the same
pack, must not put its own moves in place of those that readers rely on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy import Connection

from datavc.db import chunks as chunk_rows
from datavc.db import packs as pack_rows
from datavc.db.clock import now_us
from datavc.db.packs import PackRow
from datavc.model.entry import ChunkRef, Location
from datavc.model.ids import new_id
from datavc.store.chunk_list import measure_chunk_list
from datavc.store.key import moves_key, pack_key
from datavc.store.moves import PackMoves
from datavc.store.objects import plan_reads
from datavc.store.pack import PACK_TARGET, PackFooter, PackWriter
from datavc.store.record import RecordKind, decode_record, take_record
from datavc.versioning.upkeep_turn import UpkeepTurn
from datavc.versioning.versioned_store import VersionedStore

#: What the deduplication index lists.
LISTED = (RecordKind.CHUNK, RecordKind.CHUNK_LIST)
#: Packs rewritten by one transaction, which stores the moves of each; so many that their indices
#: do not fill the memory.
_MOST = 64
_WRITERS = 8


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A pack, and what of it shall go."""

    row: PackRow
    footer: PackFooter
    #: Offsets of records.
    doomed: frozenset[int]
    #: Whether readers of those are told that they were purged.
    purged: bool

    @property
    def doomed_bytes(self) -> int:
        """Bytes that the store wins."""
        records = self.footer.records()
        return sum(one.location.length for one in records if one.location.offset in self.doomed)

    @property
    def chunks(self) -> list[bytes]:
        """Digests of all chunks and chunk lists in it."""
        return [one.digest for one in self.footer.records() if one.kind in LISTED]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A pack that was rewritten, or is worth it."""

    row: PackRow
    #: Bytes that the store wins.
    doomed_bytes: int


#: Asked in the transaction: whether nothing has come to rely on what shall go.
Confirm = Callable[[Connection], bool]


def rewrite_packs(
    vs: VersionedStore,
    rewrites: Iterable[Rewrite],
    turn: UpkeepTurn,
    confirm: Callable[[Sequence[Rewrite]], Confirm],
    progress: Callable[[int], None],
) -> list[Rewritten]:
    """Rewrite packs, several into one where they are small.

    Args:
        vs: where.
        rewrites: which, and what of each shall go; asked for as they are wanted.
        turn: the right to do so.
        confirm: what to ask before a batch of them goes.
        progress: told of packs that are done.

    Returns:
        Those that were rewritten: not those on which something relies by now.

    Raises:
        NotFound, DataCorrupt: a pack is missing or damaged; it is left as it is.
        Conflict: the turn is over.
        StoreUnavailable, OutOfSpace, DatabaseUnavailable: run it again later.
    """
    done: list[Rewritten] = []
    for batch in _batches(rewrites):
        target = _Target(vs)
        try:
            moves = [target.take(one) for one in batch]
            target.finish()
            landed = _land(vs, batch, moves, target, turn, confirm(batch))
        except BaseException:
            target.abort()
            raise
        if not landed:
            target.drop()
            continue
        for rewrite in batch:
            vs.objects.backend.delete(pack_key(rewrite.row.id))
        done += [Rewritten(one.row, one.doomed_bytes) for one in batch]
        progress(len(batch))
    return done


def _batches(rewrites: Iterable[Rewrite]) -> Iterator[list[Rewrite]]:
    batch: list[Rewrite] = []
    size = 0
    for one in rewrites:
        kept = one.row.size - one.doomed_bytes
        if batch and (size + kept > PACK_TARGET or len(batch) == _MOST):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += kept
    if batch:
        yield batch


def _land(
    vs: VersionedStore,
    batch: Sequence[Rewrite],
    moves: Sequence[PackMoves],
    target: _Target,
    turn: UpkeepTurn,
    confirm: Confirm,
) -> bool:
    backend = vs.objects.backend
    now = now_us()
    try:
        with vs.db.write() as conn:
            turn.check(conn)
            chunks = [digest for one in batch for digest in one.chunks]
            ids = [one.row.id for one in batch]
            if not pack_rows.move(conn, ids, time_us=now, chunks=chunks):
                raise _InUse
            if target.chunks or target.size:
                chunk_rows.add_pack(conn, target.pack, target.size, target.chunks)
            if not confirm(conn):
                raise _InUse
            with ThreadPoolExecutor(_WRITERS, "datavc-moves") as pool:
                stored = pool.map(lambda one: backend.put(moves_key(one.pack), one.encode()), moves)
                deque(stored, maxlen=0)
    except _InUse:
        return False
    return True


class _Target:
    """The pack that records go to; there is none before the first one does."""

    def __init__(self, vs: VersionedStore) -> None:
        self._vs = vs
        self._writer: PackWriter | None = None
        self.pack = bytes.fromhex(new_id())
        self.size = 0
        self.chunks: list[ChunkRef] = []

    def take(self, rewrite: Rewrite) -> PackMoves:
        """Copy what is kept of a pack; returns where it went."""
        kept = [
            one for one in rewrite.footer.records() if one.location.offset not in rewrite.doomed
        ]
        moved: dict[int, Location] = {}
        wanted = ((one.location, one.digest, RecordKind(one.kind)) for one in kept)
        for run in plan_reads(wanted):
            self._copy([location for location, _, _ in run], moved)
        purged = sorted(rewrite.doomed) if rewrite.purged else ()
        return PackMoves.of(rewrite.row.id, moved, purged)

    def finish(self) -> None:
        """Make the pack durable."""
        if self._writer is not None:
            self.size = self._writer.close()

    def abort(self) -> None:
        """Drop what is not finished."""
        if self._writer is not None and not self.size:
            self._writer.abort()

    def drop(self) -> None:
        """Remove the finished pack."""
        if self.size:
            self._vs.objects.backend.delete(pack_key(self.pack))

    def _copy(self, places: Sequence[Location], moved: dict[int, Location]) -> None:
        backend = self._vs.objects.backend
        start = places[0].offset
        end = places[-1].offset + places[-1].length
        whole = memoryview(backend.get(pack_key(places[0].pack), start, end - start))
        self._writer = writer = self._writer or PackWriter(backend, self.pack)
        for place in places:
            data = whole[place.offset - start : place.offset - start + place.length]
            record = take_record(data, place)
            moved[place.offset] = new = Location(self.pack, writer.size, place.length)
            writer.write([record])
            kind, digest, raw_size = record[:3]
            if kind == RecordKind.CHUNK:
                self.chunks.append(ChunkRef(digest, raw_size, new))
            elif kind == RecordKind.CHUNK_LIST:
                plain = decode_record(data, place, digest, RecordKind.CHUNK_LIST)
                self.chunks.append(ChunkRef(digest, measure_chunk_list(plain)[1], new))


class _InUse(Exception):
    """Something has come to rely on what was to go."""
