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
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from datavc.db import packs as pack_rows
from datavc.db import retention as retention_rows
from datavc.db.clock import now_us
from datavc.db.packs import PackRow
from datavc.model.collection import Collection
from datavc.store.key import PACK_PREFIX, pack_key, pack_of_key
from datavc.versioning.marks import Marks
from datavc.versioning.reachability import Reachability
from datavc.versioning.retention import UNREACHABLE_KEEP_S, find_expired
from datavc.versioning.versioned_store import VersionedStore

#: Called with what is done at present, and how many more of it were done since the last call.
Progress = Callable[[str, int], None]

#: Seconds for which a pack is left alone that nothing refers to: its writer may be at work yet.
GRACE_S = 24 * 3600
#: Packs forgotten in one transaction.
_BATCH = 500
#: For so long nobody can make a collected pack known again; no write takes as long.
_REMEMBERED_US = 90 * 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class _Orphans:
    """Objects that no known pack is."""

    packs: list[bytes]
    bytes: int


def collect_garbage(
    vs: VersionedStore,
    *,
    grace_s: float = GRACE_S,
    unreachable_keep_s: int = UNREACHABLE_KEEP_S,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Collection:
    """Remove what neither a ref, nor staging, nor a job leads to. Safe beside all other work.

    Args:
        vs: where.
        grace_s: leave packs alone that are younger, in seconds.
        unreachable_keep_s: keep commits that no ref leads to for so many seconds after the last
            one moved away.
        dry_run: remove nothing, and tell what would be.
        progress: told of what is done.

    Raises:
        NotFound, DataCorrupt: something in use is missing or damaged; nothing is removed.
        StoreUnavailable, DatabaseUnavailable: run it again later.
    """
    return _Run(vs, grace_s, dry_run=dry_run, progress=progress).run(unreachable_keep_s)


class _Run:
    def __init__(
        self, vs: VersionedStore, grace_s: float, *, dry_run: bool, progress: Progress | None
    ) -> None:
        self._vs = vs
        self._young_us = now_us() - round(grace_s * 1_000_000)
        self._young = time.time() - grace_s
        self._dry_run = dry_run
        self._progress = progress

    def run(self, unreachable_keep_s: int) -> Collection:
        expired = self._expire(unreachable_keep_s)
        with Marks() as marks:
            reach = Reachability(self._vs, marks, lambda count: self._tell("roots marked", count))
            with self._vs.db.read() as conn:
                reach.mark_all(conn, without=set(expired) if self._dry_run else ())
            known = self._known()
            unused = [row for row in known if not marks.has_pack(row.id)]
            doomed = [row for row in unused if row.created_us < self._young_us]
            dropped = doomed if self._dry_run else self._drop(doomed, marks, reach)
        orphans = self._orphans({row.id for row in known})
        if not self._dry_run:
            self._delete_orphans(orphans)
            with self._vs.db.write() as conn:
                pack_rows.forget_dropped(conn, now_us() - _REMEMBERED_US)
        return Collection(
            dry_run=self._dry_run,
            packs=len(known),
            bytes=sum(row.size for row in known),
            dropped_packs=len(dropped),
            dropped_bytes=sum(row.size for row in dropped),
            rewritten_packs=0,
            rewritten_bytes=0,
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
        with self._vs.db.write() as conn:
            retention_rows.exclude_ref_moves(conn)
            expired = find_expired(conn, now=now, unreachable_keep_s=unreachable_keep_s)
            retention_rows.expire(conn, expired, time_us=now)
        return expired

    def _known(self) -> list[PackRow]:
        found: list[PackRow] = []
        with self._vs.db.read() as conn:
            while page := pack_rows.list_packs(conn, after=found[-1].id if found else b""):
                found += page
        return found

    def _drop(self, doomed: list[PackRow], marks: Marks, reach: Reachability) -> list[PackRow]:
        dropped: list[PackRow] = []
        for start in range(0, len(doomed), _BATCH):
            batch = self._forget(doomed[start : start + _BATCH], marks, reach)
            for row in batch:
                self._vs.objects.backend.delete(pack_key(row.id))
                self._tell("packs removed", 1)
            dropped += batch
        return dropped

    def _forget(self, batch: list[PackRow], marks: Marks, reach: Reachability) -> list[PackRow]:
        """Forget packs, but for those that something has come to rely on."""
        while batch:
            try:
                with self._vs.db.write() as conn:
                    pack_rows.drop(conn, [row.id for row in batch], time_us=now_us())
                    reach.mark_all(conn)
                    if any(marks.has_pack(row.id) for row in batch):
                        raise _Rescued
            except _Rescued:
                batch = [row for row in batch if not marks.has_pack(row.id)]
            else:
                return batch
        return []

    def _orphans(self, known: set[bytes]) -> _Orphans:
        packs: list[bytes] = []
        size = 0
        for found in self._vs.objects.backend.list(PACK_PREFIX):
            pack = pack_of_key(found.key)
            if pack is not None and pack not in known and found.modified < self._young:
                packs.append(pack)
                size += found.size
        return _Orphans(packs, size)

    def _delete_orphans(self, orphans: _Orphans) -> None:
        for start in range(0, len(orphans.packs), _BATCH):
            with self._vs.db.write() as conn:
                batch: Sequence[bytes] = orphans.packs[start : start + _BATCH]
                dropped = pack_rows.drop_unknown(conn, batch, time_us=now_us())
            for pack in dropped:
                self._vs.objects.backend.delete(pack_key(pack))
                self._tell("leftovers removed", 1)

    def _tell(self, what: str, count: int) -> None:
        if self._progress:
            self._progress(what, count)


class _Rescued(Exception):
    """Something has come to rely on a pack that was to be dropped."""
