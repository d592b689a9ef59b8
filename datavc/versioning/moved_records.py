"""The records of packs that were rewritten, as the database knew them at one time."""

from __future__ import annotations

from sqlalchemy import Connection

from datavc.db import packs
from datavc.errors import Purged
from datavc.model.entry import Location
from datavc.versioning.versioned_store import VersionedStore


class MovedRecords:
    """Which packs were rewritten, and where their records went.

    Args:
        vs: where.
        conn: a transaction.
    """

    def __init__(self, vs: VersionedStore, conn: Connection) -> None:
        self._places = vs.objects.moved
        self._packs = frozenset(packs.list_moved(conn))

    def __contains__(self, pack: bytes) -> bool:
        return pack in self._packs

    @property
    def packs(self) -> frozenset[bytes]:
        """Ids of the packs that were rewritten."""
        return self._packs

    def find(self, location: Location) -> Location | None:
        """Where a record of a rewritten pack went; ``None`` when its bytes were purged.

        Raises:
            NotFound: it was dropped, as nothing referred to it.
        """
        try:
            return self._places.follow(location)
        except Purged:
            return None
