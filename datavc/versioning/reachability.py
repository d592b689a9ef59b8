"""Marking every record that the database leads to, each subtree and list once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from datavc.db import roots
from datavc.errors import DataCorrupt, NotFound, Purged
from datavc.model.change_set import StagedRecord, change_set_locations, read_segments
from datavc.model.commit import TreeRef
from datavc.model.entry import ChunkRef, Location
from datavc.model.tree.columns import EntryColumns, EntryPlaces, PlaceColumns
from datavc.model.tree.node import Leaf, Node, decode_node
from datavc.store.chunk_list import decode_chunk_list
from datavc.store.record import RecordKind
from datavc.versioning.marks import Marks
from datavc.versioning.versioned_store import VersionedStore

#: Called with the number of nodes, lists and change sets read since the last call.
Progress = Callable[[int], None]
#: Told of a record that is missing or damaged: its digest, and what is wrong.
Damaged = Callable[[bytes, NotFound | DataCorrupt], None]


class Step(NamedTuple):
    """A record that leads to others, and what is to become of those: one use more, or less."""

    kind: RecordKind
    digest: bytes
    location: Location
    #: Of a chunk list: bytes that it stands for, and levels below.
    size: int = 0
    depth: int = 0
    uses: int = 1


class Reachability:
    """Marks what can be reached.

    Args:
        vs: where.
        marks: what was reached so far.
        progress: told of what was read.
        damaged: told of what cannot be read, which is passed over then; an error by default.
    """

    def __init__(
        self,
        vs: VersionedStore,
        marks: Marks,
        progress: Progress | None = None,
        damaged: Damaged | None = None,
    ) -> None:
        self._vs = vs
        self._marks = marks
        self._progress = progress
        self._damaged = damaged
        #: What was met and not walked yet. The last batch is next, so they stay few.
        self.pending: list[list[Step]] = []

    def mark_all(self, conn: Connection, *, without: Collection[str] = ()) -> None:
        """Mark all that the database refers to, as *conn* sees it.

        What was walked before is passed over, so to do it again costs a look at each root.

        Args:
            conn: a transaction.
            without: ids of commits whose content is not wanted.

        Raises:
            NotFound, DataCorrupt: the store lacks something, or has it wrong.
        """
        for root in all_roots(conn, without=without):
            self.mark(root)

    def mark_of_repo(self, conn: Connection, repo_id: int) -> None:
        """Mark what the commits and the staging of a repo refer to."""
        for root in _roots_of_repo(conn, (), repo_id):
            self.mark(root)

    def mark_of_jobs(self, conn: Connection) -> None:
        """Mark what jobs and datums keep beside the commits."""
        for root in _roots_of_jobs(conn):
            self.mark(root)

    def mark_tree(self, tree: TreeRef) -> None:
        """Mark a tree's nodes and all that they refer to."""
        if tree.location is not None:
            self.mark(_root_of_tree(tree, tree.location))

    def mark(self, root: Step) -> None:
        """Mark a root and all that it leads to."""
        self.meet(root)
        self.walk()

    def meet(self, step: Step) -> None:
        """Count a use of a record, or take one off; what it leads to is walked later."""
        if self._count(step):
            self.pending.append([step])

    def walk(self, between: Callable[[], None] | None = None) -> None:
        """Walk all that was met and not walked yet; *between* is called now and then."""
        while self.pending:
            batch = self.pending.pop()
            count = len(batch)
            if batch[0].kind is RecordKind.NODE:
                self._walk_nodes(batch)
            else:
                for step in batch:
                    self._walk_one(step)
            if self._progress:
                self._progress(count)
            if between:
                between()

    def _count(self, step: Step) -> bool:
        """Whether this was the first use, or the last one, of something that leads to others."""
        counted = self._marks.add if step.uses > 0 else self._marks.drop
        return counted(step.location) and step.kind is not RecordKind.CHUNK

    def _walk_nodes(self, batch: list[Step]) -> None:
        # What lies side by side is fetched by one read.
        batch.sort(key=_place)
        for step, node in self._nodes(batch):
            if isinstance(node, Leaf):
                self._mark_entries(node.columns, node.places, step.uses)
                continue
            children = [
                Step(RecordKind.NODE, child.digest, child.location, uses=step.uses)
                for child in map(node.child, range(len(node)))
            ]
            if node.level == 1:
                self._meet_many(children)
                continue
            # One by one, so that the leaves below one of them are done before the next is read.
            for child in children:
                self.meet(child)

    def _nodes(self, batch: Sequence[Step]) -> Iterator[tuple[Step, Node]]:
        done = 0
        try:
            wanted = ((step.location, step.digest, step.kind) for step in batch)
            for payload in self._vs.objects.read_many(wanted):
                step = batch[done]
                node = decode_node(payload, step.digest)
                done += 1
                yield step, node
        except (NotFound, DataCorrupt):
            # One by one tells which it is, and brings what can be read.
            for step in batch[done:]:
                try:
                    node = self._vs.nodes.load(step.digest, step.location)
                except (NotFound, DataCorrupt) as error:
                    self._tell_damaged(step, error)
                else:
                    yield step, node

    def _walk_one(self, step: Step) -> None:
        try:
            if step.kind is RecordKind.CHANGE_SET:
                self._walk_change_set(step)
            else:
                self._walk_list(step)
        except (NotFound, DataCorrupt) as error:
            self._tell_damaged(step, error)

    def _walk_change_set(self, step: Step) -> None:
        nodes = self._vs.nodes
        own, *segments = change_set_locations(step.location, step.digest, nodes)
        self._mark_places(segments, step.uses)
        for columns, places in read_segments(own, step.digest, nodes):
            self._mark_entries(columns, places, step.uses)

    def _walk_list(self, step: Step) -> None:
        ref = ChunkRef(step.digest, step.size, step.location)
        try:
            listed = read_list(self._vs, ref, step.depth)
        except Purged:
            return
        if step.depth > 1:
            self._meet_many(_step_of_list(below, step.depth - 1, step.uses) for below in listed)
        else:
            self._mark_places([below.location for below in listed], step.uses)

    def _mark_entries(self, columns: EntryColumns, places: EntryPlaces, uses: int) -> None:
        if not any(places.depths):
            self._mark_columns(places.places, uses)
            return
        single: list[Location] = []
        for entry in places.entries(columns):
            if entry.has_lists:
                self._meet_many(_step_of_list(ref, entry.depth, uses) for ref in entry.refs)
            else:
                single += [ref.location for ref in entry.refs]
        self._mark_places(single, uses)

    def _mark_places(self, places: Sequence[Location], uses: int) -> None:
        self._mark_columns(PlaceColumns.of(places), uses)

    def _mark_columns(self, places: PlaceColumns, uses: int) -> None:
        if uses > 0:
            self._marks.add_columns(places)
        else:
            self._marks.drop_columns(places)

    def _meet_many(self, steps: Iterable[Step]) -> None:
        batch = [step for step in steps if self._count(step)]
        if batch:
            self.pending.append(batch)

    def _tell_damaged(self, step: Step, error: NotFound | DataCorrupt) -> None:
        if self._damaged is None:
            raise error
        self._damaged(step.digest, error)


def all_roots(conn: Connection, *, without: Collection[str] = ()) -> Iterator[Step]:
    """All that the database refers to.

    Args:
        conn: a transaction.
        without: ids of commits to leave out.
    """
    yield from _roots_of_repo(conn, without, None)
    yield from _roots_of_jobs(conn)


def _roots_of_repo(
    conn: Connection, without: Collection[str], repo_id: int | None
) -> Iterator[Step]:
    for tree in roots.trees(conn, without=without, repo_id=repo_id):
        if tree.location is not None:
            yield _root_of_tree(tree, tree.location)
    for record in roots.staged(conn, repo_id=repo_id):
        yield _root_of_changes(record)
    for record in roots.uploaded_parts(conn, repo_id=repo_id):
        yield _root_of_changes(record)
    for record in roots.session_changes(conn, repo_id=repo_id):
        yield _root_of_changes(record)


def _roots_of_jobs(conn: Connection) -> Iterator[Step]:
    for tree in roots.meta_trees(conn):
        if tree.location is not None:
            yield _root_of_tree(tree, tree.location)
    for record in roots.datum_outputs(conn):
        yield _root_of_changes(record)
    for log in roots.logs(conn):
        yield Step(RecordKind.CHUNK, log.digest, log.location)


def _root_of_tree(tree: TreeRef, location: Location) -> Step:
    return Step(RecordKind.NODE, tree.digest, location)


def _root_of_changes(record: StagedRecord) -> Step:
    return Step(RecordKind.CHANGE_SET, record.digest, record.location)


def _step_of_list(ref: ChunkRef, depth: int, uses: int) -> Step:
    return Step(RecordKind.CHUNK_LIST, ref.digest, ref.location, ref.size, depth, uses)


def _place(step: Step) -> tuple[bytes, int]:
    return step.location.pack, step.location.offset


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
