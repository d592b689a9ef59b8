"""Marking what everything else refers to, and gathering the pieces of what shall be purged."""

from __future__ import annotations

import contextlib

from datavc.errors import Purged
from datavc.model.entry import ChunkRef, Entry, EntryKind
from datavc.model.ids import DIGEST_SIZE
from datavc.model.tree.columns import EntryColumns, EntryPlaces
from datavc.store.external.record import read_external
from datavc.versioning.marks import Marks
from datavc.versioning.reachability import Progress, Reachability, read_list
from datavc.versioning.versioned_store import VersionedStore


class PurgeReach(Reachability):
    """Marks all but the contents in *digests*.

    Args:
        vs: where.
        others: what everything else refers to.
        digests: of whole files.
        progress: told of the roots that are done.
    """

    def __init__(
        self,
        vs: VersionedStore,
        others: Marks,
        digests: frozenset[bytes],
        progress: Progress | None = None,
    ) -> None:
        super().__init__(vs, others, progress)
        self._digests = digests
        #: Digests of the contents that were met.
        self.found: set[bytes] = set()
        #: Digests of the chunks and lists that they are made of.
        self.pieces: set[bytes] = set()
        #: Where external files among them lie.
        self.sources: set[str] = set()
        self._paths: set[str] = set()

    def take_paths(self) -> list[str]:
        """Paths at which such content was met since the last call, sorted."""
        paths, self._paths = self._paths, set()
        return sorted(paths)

    def _mark_entries(self, columns: EntryColumns, places: EntryPlaces) -> None:
        digests = columns.digests
        held = {digests[at : at + DIGEST_SIZE] for at in range(0, len(digests), DIGEST_SIZE)}
        if held.isdisjoint(self._digests):
            super()._mark_entries(columns, places)
            return
        for path, entry in zip(columns.paths, places.entries(columns), strict=True):
            if entry.digest in self._digests and entry.refs:
                self._paths.add(path)
                self.found.add(entry.digest)
                self._gather(entry)
            else:
                self._mark_entry(entry)

    def _mark_entry(self, entry: Entry) -> None:
        for ref in entry.refs:
            if entry.has_lists:
                self._mark_list(ref, entry.depth)
            else:
                self._marks.add(ref.location)

    def _gather(self, entry: Entry) -> None:
        if entry.kind is EntryKind.EXTERNAL:
            with contextlib.suppress(Purged):
                self.sources.add(read_external(self._vs.objects, entry).uri)
        pending = [(ref, entry.depth if entry.has_lists else 0) for ref in entry.refs]
        while pending:
            ref, depth = pending.pop()
            self.pieces.add(ref.digest)
            if depth:
                pending += [(below, depth - 1) for below in self._below(ref, depth)]

    def _below(self, ref: ChunkRef, depth: int) -> list[ChunkRef]:
        try:
            return read_list(self._vs, ref, depth)
        except Purged:
            return []
