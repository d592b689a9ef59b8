"""Which packs are worth rewriting, since much in them is not in use any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from sqlalchemy import Connection

from datavc.db import packs as pack_rows
from datavc.db.packs import PackRow
from datavc.versioning.marks import Marks, Stale
from datavc.versioning.pack_rewrite import Confirm, Rewrite
from datavc.versioning.versioned_store import VersionedStore

#: A pack is rewritten when so much of it is not in use, ...
DEAD_SHARE = 0.25
#: ... and at least so many bytes: each rewritten pack leaves a small object that tells the moves.
DEAD_BYTES = 1024 * 1024
#: Looked up at once.
_PAGE = 500


def plan_compaction(
    vs: VersionedStore, marks: Marks, *, created_before: int, dead_bytes: int
) -> list[PackRow]:
    """The packs that may be worth rewriting, as *marks* are.

    What is in use is known without a look at the packs themselves, and so are the others' sizes.

    Args:
        vs: where.
        marks: what is in use; complete.
        created_before: leave younger packs alone; microseconds.
        dead_bytes: leave packs alone in which less than that is not in use.
    """
    return [
        row
        for page in pack_rows.pages(vs.db, _PAGE)
        for row in page
        if row.created_us < created_before
        and row.size >= dead_bytes
        and _is_much(row.size - marks.bytes_in(row.id), row, dead_bytes)
    ]


def look_into(
    vs: VersionedStore, packs: Iterable[PackRow], marks: Marks, *, dead_bytes: int
) -> Iterator[Rewrite]:
    """What is not in use of each of *packs*, of those that are worth rewriting.

    Raises:
        NotFound, DataCorrupt: a pack is missing or damaged.
        Stale: what was kept of an earlier run does not fit the pack.
    """
    for row in packs:
        marks.check(row.id)
        marked = marks.of_pack(row.id)
        footer = vs.objects.footer(row.id)
        offsets = (one.location.offset for one in footer.records())
        doomed = frozenset(offset for offset in offsets if not marked.has(offset))
        if len(footer) - len(doomed) != len(marked):
            raise Stale
        found = Rewrite(row, footer, doomed, purged=False)
        if _is_much(found.doomed_bytes, row, dead_bytes):
            yield found


def _is_much(dead: int, row: PackRow, dead_bytes: int) -> bool:
    return dead >= dead_bytes and dead >= DEAD_SHARE * row.size


def nothing_new_in(
    marks: Marks, mark_all: Callable[[Connection], None]
) -> Callable[[Sequence[Rewrite]], Confirm]:
    """What to ask before packs go: whether nothing has come to refer to what is doomed.

    Args:
        marks: what is in use.
        mark_all: marks what has come into use, as a transaction sees it.
    """

    def confirm_of(batch: Sequence[Rewrite]) -> Confirm:
        def confirm(conn: Connection) -> bool:
            mark_all(conn)
            return not any(_in_use(marks, batch))

        return confirm

    return confirm_of


def _in_use(marks: Marks, batch: Sequence[Rewrite]) -> Iterator[bool]:
    for one in batch:
        marked = marks.of_pack(one.row.id)
        yield any(marked.has(offset) for offset in one.doomed)
