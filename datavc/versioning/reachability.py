"""Marking every record that the database leads to, each subtree and list once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from sqlalchemy import Connection

from datavc.db import roots
from datavc.errors import Purged
from datavc.model.change_set import StagedRecord, change_set_locations, read_segments
from datavc.model.commit import TreeRef
from datavc.model.entry import ChunkRef
from datavc.model.tree.columns import EntryColumns, EntryPlaces
from datavc.model.tree.node import Leaf
from datavc.store.chunk_list import decode_chunk_list
from datavc.store.record import RecordKind
from datavc.versioning.marks import Marks
from datavc.versioning.versioned_store import VersionedStore

#: Called with the number of roots done since the last call.
Progress = Callable[[int], None]


class Reachability:
    """Marks what can be reached.

    Args:
        vs: where.
        marks: what was reached so far.
        progress: told of the roots that are done.
    """

    def __init__(self, vs: VersionedStore, marks: Marks, progress: Progress | None = None) -> None:
        self._vs = vs
        self._marks = marks
        self._progress = progress

    def mark_all(self, conn: Connection, *, without: Collection[str] = ()) -> None:
        """Mark all that the database refers to, as *conn* sees it.

        What was walked before is passed over, so to do it again costs a look at each root.

        Args:
            conn: a transaction.
            without: ids of commits whose content is not wanted.

        Raises:
            NotFound, DataCorrupt: the store lacks something, or has it wrong.
        """
        for tree in roots.trees(conn, without=without):
            self.mark_tree(tree)
        for record in roots.staged(conn):
            self.mark_change_set(record)
        self.mark_of_jobs(conn)

    def mark_of_repo(
        self, conn: Connection, repo_id: int, *, without: Collection[str] = ()
    ) -> None:
        """Mark what the commits and the staging of a repo refer to."""
        for tree in roots.trees(conn, repo_id=repo_id, without=without):
            self.mark_tree(tree)
        for record in roots.staged(conn, repo_id=repo_id):
            self.mark_change_set(record)

    def mark_of_jobs(self, conn: Connection) -> None:
        """Mark what jobs and datums keep beside the commits."""
        for tree in roots.meta_trees(conn):
            self.mark_tree(tree)
        for record in roots.datum_outputs(conn):
            self.mark_change_set(record)
        for log in roots.logs(conn):
            self._marks.add(log.location)

    def mark_tree(self, tree: TreeRef) -> None:
        """Mark a tree's nodes and all that they refer to."""
        self._tell()
        if tree.location is None or not self._marks.walk(tree.location):
            return
        pending = [(tree.digest, tree.location)]
        while pending:
            node = self._vs.nodes.load(*pending.pop())
            if isinstance(node, Leaf):
                self._mark_entries(node.columns, node.places)
                continue
            children = (node.child(index) for index in range(len(node)))
            pending += [
                (child.digest, child.location)
                for child in children
                if self._marks.walk(child.location)
            ]

    def mark_change_set(self, record: StagedRecord) -> None:
        """Mark a stored change set and all that it refers to."""
        self._tell()
        if not self._marks.walk(record.location):
            return
        for place in change_set_locations(record.location, record.digest, self._vs.nodes):
            self._marks.walk(place)
        for columns, places in read_segments(record.location, record.digest, self._vs.nodes):
            self._mark_entries(columns, places)

    def _mark_entries(self, columns: EntryColumns, places: EntryPlaces) -> None:
        self._marks.add_columns(places.places)
        for entry in places.listed(columns):
            for ref in entry.refs:
                self._mark_list(ref, entry.depth)

    def _mark_list(self, ref: ChunkRef, depth: int) -> None:
        if not self._marks.walk(ref.location):
            return
        try:
            listed = read_list(self._vs, ref, depth)
        except Purged:
            return
        for below in listed:
            if depth > 1:
                self._mark_list(below, depth - 1)
            else:
                self._marks.add(below.location)

    def _tell(self) -> None:
        if self._progress:
            self._progress(1)


def read_list(vs: VersionedStore, ref: ChunkRef, depth: int) -> list[ChunkRef]:
    """What the chunk list *ref*, which an entry or a list of *depth* refers to, lists.

    Raises:
        NotFound, DataCorrupt: it cannot be read.
    """
    payload = vs.objects.read(ref.location, ref.digest, RecordKind.CHUNK_LIST)
    return decode_chunk_list(payload, ref, depth - 1)


def walk_lists(vs: VersionedStore, ref: ChunkRef, depth: int) -> Iterator[ChunkRef]:
    """All chunks and lists below the list *ref*; none where it was purged."""
    try:
        listed = read_list(vs, ref, depth)
    except Purged:
        return
    for below in listed:
        yield below
        if depth > 1:
            yield from walk_lists(vs, below, depth - 1)
