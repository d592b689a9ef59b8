"""Keys chosen to break the rule of where nodes end: still one tree for one content."""

from __future__ import annotations

import pytest

from datavc.model.commit import TreeRef
from datavc.model.entry import Entry
from datavc.model.tree.apply import apply_changes
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.node import Inner, Leaf, Node
from datavc.model.tree.shape import STANDARD_SHAPE
from datavc.testing.strategies import NodeMemory

ENTRY = Entry(1, bytes(32))


def keys(count: int, *, ending: bool, levels: int = 3) -> list[str]:
    """Keys that end a node on every level, or on none."""
    wanted = range(1) if ending else range(levels)
    found: list[str] = []
    number = 0
    while len(found) < count:
        key = f"k{number:08d}"
        ends = [STANDARD_SHAPE.ends_node(level, key, 2, 0) for level in wanted]
        if all(ends) if ending else not any(ends):
            found.append(key)
        number += 1
    return found


def build(paths: list[str], memory: NodeMemory) -> TreeRef:
    return apply_changes(EMPTY_TREE, [(path, ENTRY) for path in sorted(paths)], memory, memory)


def nodes(tree: TreeRef, memory: NodeMemory) -> list[Node]:
    assert tree.location is not None
    pending = [memory.load(tree.digest, tree.location)]
    found: list[Node] = []
    while pending:
        node = pending.pop()
        found.append(node)
        if isinstance(node, Inner):
            children = [node.child(index) for index in range(len(node))]
            pending.extend(memory.load(child.digest, child.location) for child in children)
    return found


@pytest.mark.parametrize("ending", [True, False])
def test_edits_lead_to_the_tree_built_from_scratch(ending: bool) -> None:
    memory = NodeMemory()
    paths = keys(3000, ending=ending)
    tree = build(paths, memory)
    for edit in (paths[0], paths[1500], paths[-1]):
        without = apply_changes(tree, [(edit, None)], memory, memory)
        assert without.digest == build([p for p in paths if p != edit], memory).digest
        assert apply_changes(without, [(edit, ENTRY)], memory, memory).digest == tree.digest
    front = apply_changes(tree, [("a", ENTRY)], memory, memory)
    assert front.digest == build(["a", *paths], memory).digest


def test_keys_that_end_no_node_are_cut_by_count() -> None:
    memory = NodeMemory()
    leaves = [n for n in nodes(build(keys(3000, ending=False), memory), memory) if n.level == 0]
    assert sorted(len(leaf.paths) for leaf in leaves if isinstance(leaf, Leaf)) == [952, 1024, 1024]


def test_keys_that_always_end_a_node_make_a_tree_that_still_narrows() -> None:
    memory = NodeMemory()
    found = nodes(build(keys(500, ending=True), memory), memory)
    assert sum(node.level == 0 for node in found) == 500
    assert max(node.level for node in found) <= 9
    assert all(len(node) >= 1 for node in found if isinstance(node, Inner))


def test_long_keys_are_cut_by_their_size() -> None:
    memory = NodeMemory()
    parts = "/".join(["x" * 250] * 15)
    found = nodes(build([f"{number:05d}/{parts}" for number in range(300)], memory), memory)
    sizes = [sum(map(len, n.paths)) for n in found if isinstance(n, Leaf)]
    assert max(sizes) <= STANDARD_SHAPE.max_characters + 4096
    assert len(sizes) >= 8
