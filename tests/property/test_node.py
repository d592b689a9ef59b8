"""Nodes come back as they were written; damaged ones are refused, and break nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datavc.errors import DataCorrupt
from datavc.model.change_set import ChangeSetWriter, read_change_set
from datavc.model.entry import Change, ChunkRef, Entry
from datavc.model.ids import digest_of
from datavc.model.tree.node import (
    ChildRef,
    EncodedNode,
    Inner,
    Leaf,
    decode_node,
    encode_inner,
    encode_leaf,
)
from datavc.testing.strategies import NodeMemory, digests, entries, locations, paths

one_chunk = st.builds(
    lambda size, digest, location: Entry(size, digest, (ChunkRef(digest, size, location),)),
    st.integers(0, 2**40),
    digests,
    locations,
)
leaf_items = st.one_of(
    st.dictionaries(paths, entries(), max_size=8), st.dictionaries(paths, one_chunk, max_size=8)
).map(lambda files: sorted(files.items()))
children = st.lists(
    st.builds(
        ChildRef,
        first=paths,
        digest=digests,
        location=locations,
        files=st.integers(1, 2**40),
        bytes=st.integers(0, 2**60),
        level=st.just(2),
    ),
    min_size=1,
    max_size=8,
)
nodes = st.one_of(leaf_items.map(encode_leaf), children.map(lambda items: encode_inner(3, items)))


def read_whole(payload: bytes, digest: bytes) -> list[tuple[str, Entry]] | list[ChildRef]:
    node = decode_node(payload, digest)
    if isinstance(node, Inner):
        return [node.child(index) for index in range(len(node))]
    whole = node.entries()
    assert [node.entry(index) for index in range(len(whole))] == whole
    return list(zip(node.paths, whole, strict=True))


@given(leaf_items)
def test_leaves(items: list[tuple[str, Entry]]) -> None:
    node = encode_leaf(items)
    assert isinstance(decode_node(node.payload, node.digest), Leaf)
    assert read_whole(node.payload, node.digest) == items


@given(leaf_items.filter(bool), st.data())
def test_replacing_entries_of_a_leaf_gives_the_bytes_of_one_made_anew(
    items: list[tuple[str, Entry]], data: st.DataObject
) -> None:
    node = encode_leaf(items)
    leaf = decode_node(node.payload, node.digest)
    assert isinstance(leaf, Leaf)
    at = st.integers(0, len(items) - 1)
    others = data.draw(st.dictionaries(at, st.one_of(entries(), one_chunk), min_size=1))
    indices = sorted(others)
    changed = leaf.with_replaced(indices, [others[index] for index in indices])
    anew = [(path, others.get(index, entry)) for index, (path, entry) in enumerate(items)]
    assert changed.encode() == encode_leaf(anew)


@given(children)
def test_inner_nodes(items: list[ChildRef]) -> None:
    node = encode_inner(3, items)
    assert read_whole(node.payload, node.digest) == items


@given(nodes, st.data())
def test_a_changed_byte_never_gives_other_content(node: EncodedNode, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(node.payload) - 1))
    damaged = bytearray(node.payload)
    damaged[at] ^= data.draw(st.integers(1, 255))
    sound = read_whole(node.payload, node.digest)
    try:
        found = read_whole(bytes(damaged), node.digest)
    except DataCorrupt:
        return
    # What is left unnoticed is in the physical section, which the record's checksum covers.
    assert [_identity(item) for item in found] == [_identity(item) for item in sound]


def _identity(item: tuple[str, Entry] | ChildRef) -> object:
    if isinstance(item, ChildRef):
        return item.first, item.digest, item.files, item.bytes
    return item[0], item[1].size, item[1].digest, item[1].executable, item[1].kind


@given(nodes, st.integers(0, 60))
def test_a_node_cut_short_is_refused(node: EncodedNode, kept: int) -> None:
    with pytest.raises(DataCorrupt):
        read_whole(node.payload[: min(kept, len(node.payload) - 1)], node.digest)


@given(st.dictionaries(paths, st.one_of(st.none(), entries()), max_size=8), st.data())
def test_a_change_set_of_any_bytes_is_read_or_refused(
    changed: dict[str, Entry | None], data: st.DataObject
) -> None:
    memory = NodeMemory()
    writer = ChangeSetWriter(memory)
    for path in sorted(changed):
        writer.add(path, changed[path])
    record = writer.finish()
    payload = bytearray(memory.load_change_set(record.digest, record.location))
    payload[data.draw(st.integers(0, len(payload) - 1))] ^= data.draw(st.integers(1, 255))
    # Whoever uploads a change set also names its digest.
    digest = digest_of(payload)
    place = memory.save_change_set(digest, bytes(payload))
    try:
        found: list[Change] = list(read_change_set(place, digest, memory))
    except DataCorrupt:
        return
    assert all(isinstance(path, str) for path, _ in found)
