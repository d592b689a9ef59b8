"""The packs that a change set needs: they must still be there when it becomes visible."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from datavc.db.packs import check_known
from datavc.errors import Collected, NotFound
from datavc.model.change_set import StagedRecord, change_set_locations, read_segments
from datavc.versioning.reachability import walk_lists

if TYPE_CHECKING:
    from datavc.model.entry import Entry
    from datavc.store.pack_session import FinishedPack
    from datavc.versioning.versioned_store import VersionedStore


def packs_of_change_set(vs: VersionedStore, record: StagedRecord) -> set[bytes]:
    """Every pack that a stored change set lies in or refers to.

    Raises:
        Collected: a part of it is gone.
        DataCorrupt: a part of it cannot be read.
    """
    try:
        return _packs_of(vs, record)
    except NotFound as error:
        raise Collected(
            f"a part of a change set was collected before it landed: {error.message}",
            hint="write it again: nothing was made visible",
        ) from None


def _packs_of(vs: VersionedStore, record: StagedRecord) -> set[bytes]:
    locations = change_set_locations(record.location, record.digest, vs.nodes)
    packs = {place.pack for place in locations}
    for columns, places in read_segments(record.location, record.digest, vs.nodes):
        packs.update(places.places.pack_ids())
        packs |= _packs_below(vs, places.listed(columns))
    return packs


@contextmanager
def relying_on(vs: VersionedStore, packs: Collection[bytes]) -> Iterator[None]:
    """Says of what is missing that it was collected, where one of *packs* was.

    Raises:
        Collected: something was not found, and one of *packs* is not known any more.
    """
    try:
        yield
    except NotFound:
        with vs.db.write() as conn:
            check_known(conn, packs)
        raise


def packs_of_entries(vs: VersionedStore, entries: Iterable[Entry]) -> set[bytes]:
    """Every pack that entries refer to."""
    known = list(entries)
    packs = {ref.location.pack for entry in known for ref in entry.refs}
    return packs | _packs_below(vs, (entry for entry in known if entry.has_lists))


def packs_written(finished: Iterable[FinishedPack]) -> set[bytes]:
    """The packs of a session that has finished."""
    return {one.pack for one in finished}


def _packs_below(vs: VersionedStore, entries: Iterable[Entry]) -> set[bytes]:
    return {
        below.location.pack
        for entry in entries
        for ref in entry.refs
        for below in walk_lists(vs, ref, entry.depth)
    }
