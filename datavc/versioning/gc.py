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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext

from sqlalchemy import Connection

from datavc.db import packs as pack_rows
from datavc.db import retention as retention_rows
from datavc.db.clock import now_us
from datavc.db.packs import PackRow
from datavc.model.collection import Collection
from datavc.store.key import moves_key, pack_key
from datavc.versioning.compaction import DEAD_BYTES, nothing_new_in, plan_compaction
from datavc.versioning.marks import Marks
from datavc.versioning.moved_records import MovedRecords
from datavc.versioning.orphans import delete_orphans, find_orphans
from datavc.versioning.pack_rewrite import Rewrite, rewrite_packs
from datavc.versioning.reachability import Reachability
from datavc.versioning.retention import UNREACHABLE_KEEP_S, find_expired
from datavc.versioning.upkeep_turn import UpkeepTurn, upkeep_turn
from datavc.versioning.versioned_store import VersionedStore

#: Called with what is done at present, and how many more of it were done since the last call.
Progress = Callable[[str, int], None]

#: Seconds for which a pack is left alone that nothing refers to: its writer may be at work yet.
GRACE_S = 24 * 3600
#: Packs forgotten in one transaction.
_BATCH = 500
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
        StoreUnavailable, DatabaseUnavailable: run it again later.
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

    def run(self, unreachable_keep_s: int) -> Collection:
        expired = self._expire(unreachable_keep_s)
        with self._vs.db.read() as conn:
            moved = MovedRecords(self._vs, conn)
        with Marks(moved) as marks:
            reach = Reachability(self._vs, marks, lambda count: self._tell("roots marked", count))
            with self._vs.db.read() as conn:
                reach.mark_all(conn, without=set(expired) if self._dry_run else ())
            with self._vs.db.read() as conn:
                known = pack_rows.all_packs(conn)
            ids = {row.id for row in known}
            orphans = find_orphans(self._vs, ids, moved.packs, self._young)
            unused = [row for row in known if not marks.has_pack(row.id)]
            doomed = [row for row in unused if row.created_us < self._young_us]
            dropped = doomed if self._dry_run else self._drop(doomed, marks, reach)
            self._forget_moved(moved, marks, reach)
            rewritten = self._compact(known, marks, reach)
        if not self._dry_run:
            delete_orphans(self._vs, orphans, self._write)
            with self._vs.db.write() as conn:
                pack_rows.forget_dropped(conn, now_us() - _REMEMBERED_US)
        return Collection(
            dry_run=self._dry_run,
            packs=len(known),
            bytes=sum(row.size for row in known),
            dropped_packs=len(dropped),
            dropped_bytes=sum(row.size for row in dropped),
            rewritten_packs=len(rewritten),
            rewritten_bytes=sum(one.doomed_bytes for one in rewritten),
            orphans=len(orphans.packs),
            orphan_bytes=orphans.bytes,
            young_packs=len(unused) - len(doomed),
            expired_commits=len(expired),
        )

    def _expire(self, unreachable_keep_s: int) -> list[str]:
        now = now_us()
        if self._dry_run:
            with self._vs.db.read() as conn:
                return find_expired(conn, now=now, unreachable_keep_s=unreachable_keep_s)
        with self._write() as conn:
            retention_rows.exclude_ref_moves(conn)
            expired = find_expired(conn, now=now, unreachable_keep_s=unreachable_keep_s)
            retention_rows.expire(conn, expired, time_us=now)
        return expired

    def _drop(self, doomed: list[PackRow], marks: Marks, reach: Reachability) -> list[PackRow]:
        dropped: list[PackRow] = []
        for start in range(0, len(doomed), _BATCH):
            page = doomed[start : start + _BATCH]
            gone = self._forget([row.id for row in page], marks, reach)
            for pack in gone:
                self._vs.objects.backend.delete(pack_key(pack))
                self._tell("packs removed", 1)
            dropped += [row for row in page if row.id in gone]
        return dropped

    def _forget(self, batch: list[bytes], marks: Marks, reach: Reachability) -> set[bytes]:
        """Forget packs, but for those that something has come to rely on."""
        while batch:
            try:
                with self._write() as conn:
                    pack_rows.drop(conn, batch, time_us=now_us())
                    reach.mark_all(conn)
                    if any(marks.has_pack(pack) for pack in batch):
                        raise _Rescued
            except _Rescued:
                batch = [pack for pack in batch if not marks.has_pack(pack)]
            else:
                return set(batch)
        return set()

    def _forget_moved(self, moved: MovedRecords, marks: Marks, reach: Reachability) -> None:
        """Forget packs that were rewritten and that nothing names any more."""
        if self._dry_run:
            return
        unnamed = sorted(pack for pack in moved.packs if not marks.has_pack(pack))
        for start in range(0, len(unnamed), _BATCH):
            for pack in self._forget(unnamed[start : start + _BATCH], marks, reach):
                self._vs.objects.backend.delete(moves_key(pack))

    def _compact(
        self, known: list[PackRow], marks: Marks, reach: Reachability
    ) -> Sequence[Rewrite]:
        old = {row.id: row for row in known if row.created_us < self._young_us}
        plan = plan_compaction(self._vs, old, marks, dead_bytes=self._dead_bytes)
        if self._turn is None:
            return plan
        marks.watch(one.row.id for one in plan)
        return rewrite_packs(
            self._vs,
            plan,
            self._turn,
            nothing_new_in(marks, reach),
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


class _Rescued(Exception):
    """Something has come to rely on a pack that was to be dropped."""
