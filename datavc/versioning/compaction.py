"""Which packs are worth rewriting, since much in them is not in use any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from sqlalchemy import Connection

from datavc.db.packs import PackRow
from datavc.versioning.marks import Marks, PackMarks
from datavc.versioning.pack_rewrite import Confirm, Rewrite
from datavc.versioning.reachability import Reachability
from datavc.versioning.versioned_store import VersionedStore

#: A pack is rewritten when so much of it is not in use, ...
DEAD_SHARE = 0.25
#: ... and at least so many bytes: each rewritten pack leaves a small object that tells the moves.
DEAD_BYTES = 1024 * 1024
#: So many packs are rewritten by one run, so that its memory stays flat; the next goes on.
_MOST = 1000
_READERS = 8
_PAGE = 256


def plan_compaction(
    vs: VersionedStore, packs: Mapping[bytes, PackRow], marks: Marks, *, dead_bytes: int
) -> list[Rewrite]:
    """The packs among *packs* that are worth rewriting, as *marks* are.

    Args:
        vs: where.
        packs: those that are old enough.
        marks: what is in use; complete.
        dead_bytes: leave packs alone in which less than that is not in use.

    Raises:
        NotFound, DataCorrupt: a pack is missing or damaged.
    """
    large = {pack: row for pack, row in packs.items() if row.size >= dead_bytes}
    candidates = ((large[pack], marked) for pack, marked in marks.packs() if pack in large)
    found: list[Rewrite] = []
    with ThreadPoolExecutor(_READERS, "datavc-footer") as pool:
        while page := list(islice(candidates, _PAGE)):
            rewrites = pool.map(lambda one: _rewrite(vs, *one), page)
            found += [one for one in rewrites if _is_worth_it(one, dead_bytes)]
            if len(found) >= _MOST:
                break
    return found[:_MOST]


def _rewrite(vs: VersionedStore, row: PackRow, marked: PackMarks) -> Rewrite:
    footer = vs.objects.footer(row.id)
    offsets = (one.location.offset for one in footer.records())
    doomed = frozenset(offset for offset in offsets if not marked.has(offset))
    return Rewrite(row, footer, doomed, purged=False)


def _is_worth_it(rewrite: Rewrite, dead_bytes: int) -> bool:
    dead = rewrite.doomed_bytes
    return dead >= dead_bytes and dead >= DEAD_SHARE * rewrite.row.size


def nothing_new_in(marks: Marks, reach: Reachability) -> Callable[[Sequence[Rewrite]], Confirm]:
    """What to ask before packs go that *marks* watch: whether nothing refers to what is doomed."""

    def confirm_of(batch: Sequence[Rewrite]) -> Confirm:
        def confirm(conn: Connection) -> bool:
            reach.mark_all(conn)
            return not any(_in_use(marks, batch))

        return confirm

    return confirm_of


def _in_use(marks: Marks, batch: Sequence[Rewrite]) -> Iterator[bool]:
    for one in batch:
        seen = marks.seen(one.row.id)
        yield any(seen.has(offset) for offset in one.doomed)
