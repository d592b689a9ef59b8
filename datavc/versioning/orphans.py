"""Objects in the store that the database does not know, or not any more: what killed runs left."""

from __future__ import annotations

from collections.abc import Callable, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection

from datavc.db import packs as pack_rows
from datavc.db.clock import now_us
from datavc.store.key import MOVES_PREFIX, PACK_PREFIX, moves_of_key, pack_key, pack_of_key
from datavc.versioning.versioned_store import VersionedStore

#: Packs looked up in one transaction.
_BATCH = 500
#: Moves deleted in one transaction.
_MOVES_BATCH = 50


@dataclass(slots=True)
class Orphans:
    """What was found."""

    #: Packs that are not known, or were rewritten.
    packs: list[bytes]
    bytes: int
    #: Keys of the moves of packs that were not rewritten after all, or that nothing names now.
    moves: list[str]


def find_orphans(vs: VersionedStore, moved: Set[bytes], older_than: float) -> Orphans:
    """Objects that the database does not know, older than a time, and what was rewritten.

    Args:
        vs: where.
        moved: the packs that it knows as rewritten.
        older_than: POSIX time.
    """
    backend = vs.objects.backend
    orphans = Orphans([], 0, [])
    # Nobody reads a pack from where it was once it is known as rewritten.
    wanted = (
        (pack, one.size)
        for one in backend.list(PACK_PREFIX)
        if (pack := pack_of_key(one.key)) is not None
        and (pack in moved or one.modified < older_than)
    )
    while page := dict(islice(wanted, _BATCH)):
        with vs.db.read() as conn:
            known = pack_rows.known_among(conn, list(page))
        orphans.packs += [pack for pack in page if pack not in known]
        orphans.bytes += sum(size for pack, size in page.items() if pack not in known)
    orphans.moves += [
        found.key
        for found in backend.list(MOVES_PREFIX)
        if moves_of_key(found.key) not in moved and found.modified < older_than
    ]
    return orphans


def delete_rewritten(vs: VersionedStore) -> None:
    """Delete packs that were rewritten, where a killed run did not come to that."""
    with vs.db.read() as conn:
        moved = pack_rows.list_moved(conn)
    if moved:
        for found in vs.objects.backend.list(PACK_PREFIX):
            if pack_of_key(found.key) in moved:
                vs.objects.backend.delete(found.key)


def delete_orphans(
    vs: VersionedStore,
    orphans: Orphans,
    write: Callable[[], AbstractContextManager[Connection]],
) -> None:
    """Delete them, but for what has become known meanwhile."""
    backend = vs.objects.backend
    for start in range(0, len(orphans.packs), _BATCH):
        batch = orphans.packs[start : start + _BATCH]
        with write() as conn:
            dropped = pack_rows.drop_unknown(conn, batch, time_us=now_us())
            moved = pack_rows.list_moved(conn)
        for pack in {*dropped, *moved.intersection(batch)}:
            backend.delete(pack_key(pack))
    for start in range(0, len(orphans.moves), _MOVES_BATCH):
        # While the turn is held: another run may come to write moves under the same name.
        with write() as conn:
            moved = pack_rows.list_moved(conn)
            for key in orphans.moves[start : start + _MOVES_BATCH]:
                if moves_of_key(key) not in moved:
                    backend.delete(key)
