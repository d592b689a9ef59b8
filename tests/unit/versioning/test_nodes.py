"""Nodes in a real store: kept in memory within bounds, verified, and never mixed up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from datavc.errors import DataCorrupt
from datavc.model.change_set import ChangeSetWriter, read_change_set
from datavc.model.commit import TreeRef
from datavc.model.entry import Entry, Location
from datavc.model.tree.apply import apply_changes
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.node import encode_leaf
from datavc.model.tree.scan import scan
from datavc.store.backend import Buffer
from datavc.store.backends.memory import MemoryBackend
from datavc.store.objects import ObjectStore
from datavc.store.record import RecordKind
from datavc.versioning.nodes import NodeStore, SessionSink


class CountedObjects(ObjectStore):
    """Counts the records that are read."""

    def __init__(self) -> None:
        super().__init__(MemoryBackend())
        self.reads = 0

    def read(self, location: Location, digest: bytes, kind: RecordKind) -> Buffer:
        self.reads += 1
        return super().read(location, digest, kind)


@pytest.fixture
def objects() -> CountedObjects:
    return CountedObjects()


FILES = {f"f{number:05d}": Entry(number, bytes(32)) for number in range(5000)}


def stored_tree(objects: ObjectStore) -> TreeRef:
    with objects.session() as session:
        nodes = NodeStore(objects)
        tree = apply_changes(EMPTY_TREE, FILES.items(), nodes, SessionSink(session))
        session.finish()
    return tree


def test_a_stored_tree_is_read_once(objects: CountedObjects) -> None:
    tree = stored_tree(objects)
    nodes = NodeStore(objects)
    assert dict(scan(tree, nodes)) == FILES
    reads = objects.reads
    assert dict(scan(tree, nodes)) == FILES
    assert objects.reads == reads > 10


def test_little_room_keeps_the_nodes_used_last(objects: CountedObjects) -> None:
    tree = stored_tree(objects)
    nodes = NodeStore(objects, kept_bytes=0)
    for _ in range(2):
        reads = objects.reads
        assert dict(scan(tree, nodes)) == FILES
        assert objects.reads - reads > 10
    assert tree.location is not None
    nodes = NodeStore(objects, kept_bytes=16 * 1024)
    list(scan(tree, nodes, start_after="f04990"))
    reads = objects.reads
    list(scan(tree, nodes, start_after="f04990"))
    assert objects.reads == reads


def test_a_kept_node_is_not_taken_for_another_digest(objects: CountedObjects) -> None:
    tree = stored_tree(objects)
    assert tree.location is not None
    nodes = NodeStore(objects)
    nodes.load(tree.digest, tree.location)
    with pytest.raises(DataCorrupt):
        nodes.load(bytes(32), tree.location)


def test_a_copy_of_a_node_says_where_its_own_entries_lie(objects: CountedObjects) -> None:
    leaf = encode_leaf([("a", Entry(1, bytes(32)))])
    with objects.session() as session:
        first = SessionSink(session).save(leaf.digest, leaf.payload)
        second = SessionSink(session).save(leaf.digest, leaf.payload)
        session.finish()
    nodes = NodeStore(objects)
    assert first != second
    assert nodes.load(leaf.digest, first) is not nodes.load(leaf.digest, second)
    assert nodes.load(leaf.digest, first) is nodes.load(leaf.digest, first)


def test_other_content_under_a_digest_is_noticed(objects: CountedObjects) -> None:
    leaf = encode_leaf([("a", Entry(1, bytes(32)))])
    with objects.session() as session:
        place = SessionSink(session).save(bytes(32), leaf.payload)
        session.finish()
    with pytest.raises(DataCorrupt, match="do not match its digest"):
        NodeStore(objects).load(bytes(32), place)


def test_threads_share_one_store(objects: CountedObjects) -> None:
    tree = stored_tree(objects)
    nodes = NodeStore(objects, kept_bytes=64 * 1024)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: dict(scan(tree, nodes)), range(16)))
    assert found == [FILES] * 16


def test_change_sets(objects: CountedObjects) -> None:
    with objects.session() as session:
        writer = ChangeSetWriter(SessionSink(session))
        writer.add("a", Entry(1, bytes(32)))
        writer.add("b", None)
        record = writer.finish()
        session.finish()
    changes = read_change_set(record.location, record.digest, NodeStore(objects))
    assert list(changes) == [("a", Entry(1, bytes(32))), ("b", None)]
