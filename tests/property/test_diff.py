"""Diff against plain dicts, and what it may not read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from datavc.model.commit import TreeRef
from datavc.model.entry import Entry
from datavc.model.tree.apply import apply_changes
from datavc.model.tree.diff import diff_trees, file_change
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.node import Inner
from datavc.model.tree.shape import TreeShape
from datavc.testing.strategies import NodeMemory, paths, tree_files, without_collisions

shapes = st.sampled_from(
    [TreeShape(2, 4, 1000), TreeShape(3, 8, 20), TreeShape(4, 2, 1000), TreeShape()]
)


def build(files: dict[str, Entry], memory: NodeMemory, shape: TreeShape) -> TreeRef:
    return apply_changes(EMPTY_TREE, sorted(files.items()), memory, memory, shape)


def subtrees(tree: TreeRef, memory: NodeMemory) -> set[bytes]:
    """Digests of all nodes of a tree."""
    if tree.location is None:
        return set()
    found, pending = {tree.digest}, [(tree.digest, tree.location)]
    while pending:
        node = memory.load(*pending.pop())
        if isinstance(node, Inner):
            children = [node.child(index) for index in range(len(node))]
            found.update(child.digest for child in children)
            pending.extend((child.digest, child.location) for child in children)
    return found


@given(tree_files, tree_files, shapes)
def test_diff_says_exactly_what_differs_and_leads_from_one_to_the_other(
    old: dict[str, Entry], new: dict[str, Entry], shape: TreeShape
) -> None:
    memory = NodeMemory()
    before, after = build(old, memory, shape), build(new, memory, shape)
    found = list(diff_trees(before, after, memory))
    changed = sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
    assert found == [(path, old.get(path), new.get(path)) for path in changed]
    led = apply_changes(before, [(p, entry) for p, _, entry in found], memory, memory, shape)
    assert led.digest == after.digest


@given(tree_files, tree_files, shapes)
def test_equal_subtrees_are_never_read(
    old: dict[str, Entry], new: dict[str, Entry], shape: TreeShape
) -> None:
    memory = NodeMemory()
    mixed = without_collisions(old | dict(list(new.items())[:2]))
    before, after = build(old, memory, shape), build(mixed, memory, shape)
    shared = subtrees(before, memory) & subtrees(after, memory)
    shared -= {before.digest, after.digest}
    memory.loads.clear()
    list(diff_trees(before, after, memory))
    assert not shared.intersection(memory.loads)


@given(tree_files, tree_files, paths, shapes)
def test_diff_below_a_prefix(
    old: dict[str, Entry], new: dict[str, Entry], prefix: str, shape: TreeShape
) -> None:
    memory = NodeMemory()
    before, after = build(old, memory, shape), build(new, memory, shape)
    whole = [one for one in diff_trees(before, after, memory) if one[0].startswith(prefix)]
    assert list(diff_trees(before, after, memory, prefix)) == whole


def test_a_difference_as_people_see_it() -> None:
    added = file_change("a", None, Entry(3, b"\1" * 32))
    assert (added.kind, added.old_size, added.new_size) == ("added", None, 3)
    removed = file_change("a", Entry(3, b"\1" * 32), None)
    assert (removed.kind, removed.old_digest, removed.new_digest) == ("removed", "01" * 32, None)
