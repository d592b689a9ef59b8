"""Entries that are stored already, made ready to stand at another path as well.

What becomes visible may name no pack that was rewritten, since only records that something referred
to by then were kept; so such an entry is made to name where its bytes lie by now.
"""

from __future__ import annotations

from datavc.model.entry import Entry, Location
from datavc.store.content import ContentWriter
from datavc.versioning.moved_records import MovedRecords
from datavc.versioning.relied_packs import packs_of_entries
from datavc.versioning.versioned_store import VersionedStore


class EntryPlaces:
    """Where records lie, as the database knows it when this is made."""

    def __init__(self, vs: VersionedStore) -> None:
        self._vs = vs
        with vs.db.read() as conn:
            self._moved = MovedRecords(vs, conn)

    def place(self, location: Location) -> Location:
        """Where the record lies that lay at *location* once.

        Raises:
            NotFound, Purged: nowhere.
        """
        while location.pack in self._moved:
            location = self._vs.objects.moved.follow(location)
        return location

    def placed(self, entry: Entry, writer: ContentWriter) -> Entry:
        """*entry* in terms of packs that were not rewritten.

        Raises:
            NotFound, DataCorrupt: a list of its chunks cannot be read.
        """
        if self._moved.packs.isdisjoint(packs_of_entries(self._vs, [entry])):
            return entry
        return writer.write_placed(self._vs.objects, entry, self.place)
