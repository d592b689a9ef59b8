"""Marks that follow the database's roots: what has come is added, what has gone is taken off.

So a run costs in proportion to what has changed since the one before. What is kept is nothing but
what the roots lead to; where it does not fit what is found, everything is marked anew.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

from sqlalchemy import Connection

from datavc.errors import DataCorrupt, DatavcError, LostRace, NotFound
from datavc.model.entry import Location
from datavc.store.record import RecordKind
from datavc.versioning.mark_file import forget_kept, open_kept
from datavc.versioning.marks import Marks, Stale
from datavc.versioning.moved_records import MovedRecords
from datavc.versioning.reachability import Progress, Reachability, Step, all_roots
from datavc.versioning.versioned_store import VersionedStore

#: Roots read at once.
_PAGE = 1000
#: Seconds of work that a run which is killed may lose.
_SAVED_EVERY_S = 5.0

_MISSING = (
    "SELECT mark, kind, digest, length FROM {here} AS here WHERE mark > ?"
    " AND NOT EXISTS (SELECT 1 FROM {there} AS there WHERE there.mark = here.mark)"
    " ORDER BY mark LIMIT ?"
)
_NEW = _MISSING.format(here="temp.seen", there="roots")
_GONE = _MISSING.format(here="roots", there="temp.seen")


class RootMarks:
    """The marks of what the database's roots lead to.

    Args:
        vs: where.
        marks: in a file of its own, or the one that an earlier run kept.
        progress: told of what was read.
    """

    def __init__(self, vs: VersionedStore, marks: Marks, progress: Progress | None = None) -> None:
        self.marks = marks
        self._file = marks.file
        self._reach = Reachability(vs, marks, progress)
        self._saved = time.monotonic()
        #: Whether nothing was kept of an earlier run.
        self.was_empty = self._file.execute("SELECT 1 FROM roots LIMIT 1").fetchone() is None

    def see(self, conn: Connection, *, without: Collection[str] = ()) -> None:
        """Note the roots that there are, as *conn* sees it; :meth:`follow` needs it no more.

        Args:
            conn: a transaction.
            without: ids of commits whose content is not wanted.
        """
        self._file.execute("DELETE FROM temp.seen")
        roots = all_roots(conn, without=without)
        while page := list(islice(roots, _PAGE)):
            self._file.executemany(
                "INSERT OR IGNORE INTO temp.seen VALUES (?, ?, ?, ?)",
                [
                    (self.marks.mark_of(one.location), one.kind, one.digest, one.location.length)
                    for one in page
                ],
            )

    def follow(self) -> None:
        """Add the roots that have come, and take off those that have gone.

        Raises:
            NotFound, DataCorrupt: the store lacks something in use, or has it wrong.
            Stale: what was kept does not fit.
        """
        self._resume()
        self._add_new()
        # At last: a subtree that has only changed hands is not walked at all then.
        self._drop_gone()
        self.save()

    def mark_all(self, conn: Connection) -> None:
        """Add the roots that have come, as *conn* sees it.

        Raises:
            NotFound, DataCorrupt: the store lacks something in use, or has it wrong.
        """
        self.see(conn)
        self._add_new()

    def save(self) -> None:
        """Keep what is marked so far, and what is still to be walked, for the next run."""
        self._file.execute("DELETE FROM pending")
        self._file.executemany(
            "INSERT INTO pending VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _rows(self._reach.pending)
        )
        self.marks.save()
        self._saved = time.monotonic()

    def _add_new(self) -> None:
        for mark, root in self._missing(_NEW, 1):
            self._file.execute(
                "INSERT INTO roots VALUES (?, ?, ?, ?)",
                (mark, root.kind, root.digest, root.location.length),
            )
            self._walk_from(root)

    def _drop_gone(self) -> None:
        try:
            for mark, root in self._missing(_GONE, -1):
                self._file.execute("DELETE FROM roots WHERE mark = ?", (mark,))
                self._walk_from(root)
        except (NotFound, DataCorrupt) as error:
            # Somebody else has collected it already.
            raise Stale from error

    def _walk_from(self, root: Step) -> None:
        self._reach.meet(root)
        self._reach.walk(self._save_now_and_then)

    def _missing(self, query: str, uses: int) -> Iterator[tuple[int, Step]]:
        after = -1
        while page := self._file.execute(query, (after, _PAGE)).fetchall():
            after = page[-1][0]
            for mark, kind, digest, length in page:
                place = self.marks.place_of(mark, length)
                yield mark, Step(RecordKind(kind), digest, place, uses=uses)

    def _resume(self) -> None:
        rows = self._file.execute("SELECT * FROM pending ORDER BY rowid").fetchall()
        self._file.execute("DELETE FROM pending")
        for kind, digest, pack, offset, length, size, depth, uses in rows:
            step = Step(RecordKind(kind), digest, Location(pack, offset, length), size, depth, uses)
            self._reach.pending.append([step])
        try:
            self._reach.walk(self._save_now_and_then)
        except (NotFound, DataCorrupt) as error:
            raise Stale from error

    def _save_now_and_then(self) -> None:
        if time.monotonic() - self._saved >= _SAVED_EVERY_S:
            self.save()


def _rows(pending: Iterable[list[Step]]) -> Iterator[tuple[int | bytes, ...]]:
    for batch in pending:
        for step in batch:
            place = step.location
            yield (
                step.kind,
                step.digest,
                place.pack,
                place.offset,
                place.length,
                step.size,
                step.depth,
                step.uses,
            )


@contextmanager
def marks_of_roots(
    vs: VersionedStore,
    *,
    without: Collection[str] = (),
    progress: Progress | None = None,
) -> Iterator[tuple[MovedRecords, RootMarks]]:
    """The marks of all that is in use, and the packs that were rewritten, as of now.

    Args:
        vs: where.
        without: ids of commits whose content is not wanted.
        progress: told of what was read.

    Raises:
        NotFound, DataCorrupt: the store lacks something in use, or has it wrong.
        OutOfSpace, StoreUnavailable: the marks cannot be written down.
        LostRace: what was kept turned out to be damaged; the next run does without.
    """
    for _ in range(2):
        with vs.db.read() as conn:
            moved = MovedRecords(vs, conn)
        with Marks(moved, open_kept(vs.marks)) as marks:
            found = RootMarks(vs, marks, progress)
            if _is_followed(vs, found, without):
                try:
                    yield moved, found
                    found.save()
                except Stale:
                    forget_kept(vs.marks)
                    raise _no_fit(found) from None
                return
        forget_kept(vs.marks)
    raise LostRace("what is in use changed while it was marked", hint="run it again")


def _no_fit(found: RootMarks) -> DatavcError:
    if found.was_empty:
        return DataCorrupt(
            "a pack lacks records that are in use; nothing was taken from it",
            hint="`datavc fsck` tells which",
        )
    return LostRace(
        "what an earlier run had kept of the store was damaged; nothing went by it",
        hint="run it again: everything is marked anew",
    )


def _is_followed(vs: VersionedStore, found: RootMarks, without: Collection[str]) -> bool:
    """Bring marks up to date; ``False`` when what was kept is no use."""
    try:
        found.marks.follow_moves()
        with vs.db.read() as conn:
            found.see(conn, without=without)
        found.follow()
    except Stale:
        return False
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        # The file is damaged.
        return False
    return True
