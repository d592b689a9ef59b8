"""Checking a store: commits, trees, packs, and the deduplication index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from sqlalchemy import Connection

from datavc.db import chunks as chunk_rows
from datavc.db import commits as commit_rows
from datavc.db import packs as pack_rows
from datavc.errors import DataCorrupt, NotFound
from datavc.model.collection import Problem, StoreCheck
from datavc.model.commit import Commit
from datavc.versioning.index_repair import repair_index
from datavc.versioning.mark_file import forget_kept
from datavc.versioning.marks import Marks, PackMarks
from datavc.versioning.moved_records import MovedRecords
from datavc.versioning.pack_verify import verify_records
from datavc.versioning.reachability import Reachability, all_roots
from datavc.versioning.versioned_store import VersionedStore

#: Called with what is done at present, and how many more of it were done since the last call.
Progress = Callable[[str, int], None]

#: So many problems are told one by one.
_TOLD = 1000
_PAGE = 500


def check_store(
    vs: VersionedStore,
    *,
    deep: bool = False,
    repair: bool = False,
    progress: Progress | None = None,
) -> StoreCheck:
    """Check that everything that is referred to is there and whole.

    Every commit's id is computed anew, every tree node in use is read and verified, and every
    record in use must be listed by its pack.

    Args:
        vs: what is checked.
        deep: read every byte of every pack, and compute all digests (BLAKE3) anew.
        repair: put the deduplication index right from the packs' own indices, and let the next
            collection mark everything anew.
        progress: told of what is done.

    Raises:
        StoreUnavailable, DatabaseUnavailable: one of them is away.
    """
    return _Check(vs, deep=deep, progress=progress).run(repair=repair)


class _Check:
    def __init__(self, vs: VersionedStore, *, deep: bool, progress: Progress | None) -> None:
        self._vs = vs
        self._deep = deep
        self._progress = progress
        self._problems: list[Problem] = []
        self._more = 0
        self._records = self._read = 0

    def run(self, *, repair: bool) -> StoreCheck:
        with self._vs.db.read() as conn:
            moved = MovedRecords(self._vs, conn)
        with Marks(moved) as marks:
            with self._vs.db.read() as conn:
                commits = self._check_commits(conn)
                self._mark(conn, marks)
            packs, used = self._check_packs(marks)
        repaired = self._check_index(repair=repair)
        return StoreCheck(
            commits=commits,
            packs=packs,
            records=self._records,
            bytes_read=self._read,
            used_records=used,
            repaired=repaired,
            problems=tuple(self._problems),
            more_problems=self._more,
        )

    def _check_commits(self, conn: Connection) -> int:
        count = 0
        for commit_id, commit in _commits(conn):
            count += 1
            if commit.id != commit_id:
                self._report("commit", commit_id, "its facts do not give its id")
            found = commit_rows.get_many(conn, commit.parents)
            for parent in commit.parents:
                if parent not in found:
                    self._report("commit", commit_id, f"its parent {parent} is not there")
            self._tell("commits", 1)
        return count

    def _mark(self, conn: Connection, marks: Marks) -> None:
        def report(digest: bytes, error: NotFound | DataCorrupt) -> None:
            self._report("tree", digest.hex(), error.message)

        reach = Reachability(self._vs, marks, lambda count: self._tell("nodes read", count), report)
        for root in all_roots(conn):
            try:
                reach.mark(root)
            except (NotFound, DataCorrupt) as error:
                report(root.digest, error)

    def _check_packs(self, marks: Marks) -> tuple[int, int]:
        """How many packs there are, and records in use."""
        used = 0
        for pack in marks.packs():
            marked = marks.of_pack(pack)
            used += len(marked)
            with self._vs.db.read() as conn:
                if not pack_rows.known_among(conn, [pack]):
                    text = "it is in use, and the database does not know it"
                    self._report("pack", pack.hex(), text)
            self._check_pack(pack, marked)
        packs = 0
        for page in pack_rows.pages(self._vs.db, _PAGE):
            packs += len(page)
            for row in page:
                if not marks.bytes_in(row.id):
                    self._check_pack(row.id, PackMarks(set()))
        return packs, used

    def _check_pack(self, pack: bytes, marked: PackMarks) -> None:
        self._tell("packs", 1)
        try:
            footer = self._vs.objects.footer(pack)
        except (NotFound, DataCorrupt) as error:
            self._report("pack", pack.hex(), error.message)
            return
        self._records += len(footer)
        listed = sum(marked.has(record.location.offset) for record in footer.records())
        if listed != len(marked):
            missing = len(marked) - listed
            self._report("pack", pack.hex(), f"{missing} records in use are not in its index")
        if self._deep:
            self._read += footer.size
            for problem in verify_records(self._vs.objects, footer):
                self._report("record", pack.hex(), problem)

    def _check_index(self, *, repair: bool) -> int:
        if repair:
            forget_kept(self._vs.marks)
            return repair_index(self._vs)
        with self._vs.db.read() as conn:
            stray = chunk_rows.count_stray(conn)
        if stray:
            self._report(
                "index",
                "chunks",
                f"{stray} lines name packs that are not there; `datavc fsck --repair` removes them",
            )
        return 0

    def _report(self, kind: str, subject: str, text: str) -> None:
        if len(self._problems) < _TOLD:
            self._problems.append(Problem(kind, subject, text))
        else:
            self._more += 1

    def _tell(self, what: str, count: int) -> None:
        if self._progress:
            self._progress(what, count)


def _commits(conn: Connection) -> Iterator[tuple[str, Commit]]:
    ids = iter(commit_rows.all_ids(conn))
    while page := list(islice(ids, _PAGE)):
        yield from commit_rows.get_many(conn, page).items()
