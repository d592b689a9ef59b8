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
        progress: told of what was read.
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
        #: Digests of the chunks (0) and lists (1 and above) that they are made of, and how many
        #: levels are below each.
        self.pieces: dict[bytes, int] = {}
        #: Where external files among them lie.
        self.sources: set[str] = set()
        self._paths: set[str] = set()

    def take_paths(self) -> list[str]:
        """Paths at which such content was met since the last call, sorted."""
        paths, self._paths = self._paths, set()
        return sorted(paths)

    def _mark_entries(self, columns: EntryColumns, places: EntryPlaces, uses: int) -> None:
        digests = columns.digests
        held = {digests[at : at + DIGEST_SIZE] for at in range(0, len(digests), DIGEST_SIZE)}
        if held.isdisjoint(self._digests):
            super()._mark_entries(columns, places, uses)
            return
        others: list[tuple[str, Entry]] = []
        for path, entry in zip(columns.paths, places.entries(columns), strict=True):
            if entry.digest in self._digests and entry.refs:
                self._paths.add(path)
                self.found.add(entry.digest)
                self._gather(entry)
            else:
                others.append((path, entry))
        left = EntryPlaces.of([entry for _, entry in others])
        super()._mark_entries(EntryColumns.of(others), left, uses)

    def _gather(self, entry: Entry) -> None:
        if entry.kind is EntryKind.EXTERNAL:
            with contextlib.suppress(Purged):
                self.sources.add(read_external(self._vs.objects, entry).uri)
        pending = [(ref, entry.depth if entry.has_lists else 0) for ref in entry.refs]
        while pending:
            ref, depth = pending.pop()
            self.pieces[ref.digest] = depth
            if depth:
                pending += [(below, depth - 1) for below in self._below(ref, depth)]

    def _below(self, ref: ChunkRef, depth: int) -> list[ChunkRef]:
        try:
            return read_list(self._vs, ref, depth)
        except Purged:
            return []
