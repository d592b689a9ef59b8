"""Garbage collection: packs in which nothing is in use go, while others read and write.

Nothing is locked while it looks. What keeps it safe is that both sides meet in the database:

- whatever becomes visible (staging, a commit, a datum's result) does so in a transaction that makes
  sure that the packs it relies on are still known;
- packs are forgotten in a transaction that then looks for what has become visible since the marks
  were made, and is undone where that relies on them.

So one of the two always sees the other, on however many hosts they run. A pack's bytes are deleted
after that; a run that is killed in between is completed by the next one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection

from datavc.db import packs as pack_rows
from datavc.db import retention as retention_rows
from datavc.db.clock import now_us
from datavc.db.packs import PackRow
from datavc.errors import DataCorrupt, NotFound
from datavc.model.collection import Collection
from datavc.store.key import moves_key, pack_key
from datavc.versioning.compaction import DEAD_BYTES, look_into, nothing_new_in, plan_compaction
from datavc.versioning.moved_records import MovedRecords
from datavc.versioning.orphans import delete_orphans, find_orphans
from datavc.versioning.pack_rewrite import LISTED, Rewritten, rewrite_packs
from datavc.versioning.retention import UNREACHABLE_KEEP_S, find_expired
from datavc.versioning.root_marks import RootMarks, marks_of_roots
from datavc.versioning.upkeep_turn import UpkeepTurn, upkeep_turn
from datavc.versioning.versioned_store import VersionedStore

#: Called with what is done at present, and how many more of it were done since the last call.
Progress = Callable[[str, int], None]

#: Seconds for which a pack is left alone that nothing refers to: its writer may be at work yet.
GRACE_S = 24 * 3600
#: Packs forgotten in one transaction.
_BATCH = 500
#: Requests to the store on their way at once.
_AT_ONCE = 8
#: For so long nobody can make a collected pack known again; no write takes as long.
_REMEMBERED_US = 90 * 24 * 3600 * 1_000_000


def collect_garbage(
    vs: VersionedStore,
    *,
    grace_s: float = GRACE_S,
    unreachable_keep_s: int = UNREACHABLE_KEEP_S,
    dead_bytes: int = DEAD_BYTES,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Collection:
    """Remove what neither a ref, nor staging, nor a job leads to. Safe beside all other work.

    Args:
        vs: where.
        grace_s: leave packs alone that are younger, in seconds.
        unreachable_keep_s: keep commits that no ref leads to for so many seconds after the last
            one moved away.
        dead_bytes: rewrite a pack without what is not in use where that is at least so many bytes,
            and a good part of it.
        dry_run: remove nothing, and tell what would be.
        progress: told of what is done.

    Raises:
        NotFound, DataCorrupt: something in use is missing or damaged; nothing is removed.
        Conflict: somebody else looks after the store already.
        LostRace: what an earlier run kept was damaged; run it again.
        OutOfSpace, StoreUnavailable, DatabaseUnavailable: run it again later.
    """
    with nullcontext() if dry_run else upkeep_turn(vs) as turn:
        return _Run(vs, grace_s, dead_bytes, turn, progress).run(unreachable_keep_s)


class _Run:
    """One run; a dry one where there is no turn."""

    def __init__(
        self,
        vs: VersionedStore,
        grace_s: float,
        dead_bytes: int,
        turn: UpkeepTurn | None,
        progress: Progress | None,
    ) -> None:
        self._vs = vs
        self._dead_bytes = dead_bytes
        self._turn = turn
        self._young_us = now_us() - round(grace_s * 1_000_000)
        self._young = time.time() - grace_s
        self._dry_run = turn is None
        self._progress = progress
        self._packs, self._dropped, self._left = _Sum(), _Sum(), _Sum()

    def run(self, unreachable_keep_s: int) -> Collection:
        expired = self._expire(unreachable_keep_s)
        with marks_of_roots(
            self._vs,
            without=set(expired) if self._dry_run else (),
            progress=lambda count: self._tell("nodes read", count),
        ) as (moved, roots):
            orphans = find_orphans(self._vs, moved.packs, self._young)
            doomed = self._doomed(roots)
            while batch := list(islice(doomed, _BATCH)):
                self._drop(batch, roots)
            self._forget_moved(moved, roots)
            rewritten = self._compact(roots)
        if not self._dry_run:
            delete_orphans(self._vs, orphans, self._write)
            with self._vs.db.write() as conn:
                pack_rows.forget_dropped(conn, now_us() - _REMEMBERED_US)
        return Collection(
            dry_run=self._dry_run,
            packs=self._packs.count,
            bytes=self._packs.bytes,
            dropped_packs=self._dropped.count,
            dropped_bytes=self._dropped.bytes,
            rewritten_packs=len(rewritten),
            rewritten_bytes=sum(one.doomed_bytes for one in rewritten),
            orphans=len(orphans.packs),
            orphan_bytes=orphans.bytes,
            young_packs=self._left.count,
            expired_commits=len(expired),
        )

    def _expire(self, unreachable_keep_s: int) -> list[str]:
        now = now_us()
        with self._vs.db.read() as conn:
            expired = find_expired(conn, now=now, unreachable_keep_s=unreachable_keep_s)
        if self._dry_run or not expired:
            return expired
        # Looked up again where nobody can come in between.
        with self._write() as conn:
            retention_rows.exclude_ref_moves(conn)
            expired = find_expired(conn, now=now, unreachable_keep_s=unreachable_keep_s)
            retention_rows.expire(conn, expired, time_us=now)
        return expired

    def _doomed(self, roots: RootMarks) -> Iterator[PackRow]:
        """The packs in which nothing is in use, but for young ones."""
        for page in pack_rows.pages(self._vs.db, _BATCH):
            self._packs.add(page)
            for row in page:
                if roots.marks.has_pack(row.id):
                    continue
                if row.created_us < self._young_us:
                    roots.marks.check(row.id)
                    yield row
                else:
                    self._left.add([row])

    def _drop(self, doomed: list[PackRow], roots: RootMarks) -> None:
        if self._dry_run:
            self._dropped.add(doomed)
            return
        with ThreadPoolExecutor(_AT_ONCE, "datavc-drop") as pool:
            few = sum(row.chunks for row in doomed) <= pack_rows.FEW_CHUNKS
            chunks = _all_chunks(pool.map(self._chunks_of, doomed)) if few else None
            gone = self._forget([row.id for row in doomed], chunks, roots)
            for _ in pool.map(self._vs.objects.backend.delete, map(pack_key, gone)):
                self._tell("packs removed", 1)
        self._dropped.add(row for row in doomed if row.id in gone)

    def _chunks_of(self, row: PackRow) -> list[bytes] | None:
        """Digests of a pack's chunks; ``None`` when it does not tell."""
        try:
            footer = self._vs.objects.footer(row.id)
        except (NotFound, DataCorrupt):
            return None
        return [one.digest for one in footer.records() if one.kind in LISTED]

    def _forget(
        self, batch: list[bytes], chunks: list[bytes] | None, roots: RootMarks
    ) -> set[bytes]:
        """Forget packs, but for those that something has come to rely on."""
        while batch:
            try:
                with self._write() as conn:
                    pack_rows.drop(conn, batch, time_us=now_us(), chunks=chunks)
                    roots.mark_all(conn)
                    if any(roots.marks.has_pack(pack) for pack in batch):
                        raise _Rescued
            except _Rescued:
                batch = [pack for pack in batch if not roots.marks.has_pack(pack)]
            else:
                return set(batch)
        return set()

    def _forget_moved(self, moved: MovedRecords, roots: RootMarks) -> None:
        """Forget packs that were rewritten and that nothing names any more."""
        if self._dry_run:
            return
        unnamed = sorted(pack for pack in moved.packs if not roots.marks.has_pack(pack))
        for start in range(0, len(unnamed), _BATCH):
            # When they were rewritten, the index forgot their chunks.
            for pack in self._forget(unnamed[start : start + _BATCH], [], roots):
                self._vs.objects.backend.delete(moves_key(pack))

    def _compact(self, roots: RootMarks) -> Sequence[Rewritten]:
        marks = roots.marks
        plan = plan_compaction(
            self._vs, marks, created_before=self._young_us, dead_bytes=self._dead_bytes
        )
        rewrites = look_into(self._vs, plan, marks, dead_bytes=self._dead_bytes)
        if self._turn is None:
            return [Rewritten(one.row, one.doomed_bytes) for one in rewrites]
        return rewrite_packs(
            self._vs,
            rewrites,
            self._turn,
            nothing_new_in(marks, roots.mark_all),
            lambda count: self._tell("packs rewritten", count),
        )

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with self._vs.db.write() as conn:
            if self._turn is not None:
                self._turn.check(conn)
            yield conn

    def _tell(self, what: str, count: int) -> None:
        if self._progress:
            self._progress(what, count)


@dataclass(slots=True)
class _Sum:
    """So many packs of so many bytes."""

    count: int = 0
    bytes: int = 0

    def add(self, rows: Iterable[PackRow]) -> None:
        for row in rows:
            self.count += 1
            self.bytes += row.size


def _all_chunks(found: Iterable[list[bytes] | None]) -> list[bytes] | None:
    """The chunks of several packs; ``None`` when one of them does not tell."""
    chunks: list[bytes] = []
    for each in found:
        if each is None:
            return None
        chunks += each
    return chunks


class _Rescued(Exception):
    """Something has come to rely on a pack that was to be dropped."""
