"""Trees against a plain dict: same content, same root, whatever the history."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datavc.errors import PathConflict
from datavc.model.commit import TreeRef
from datavc.model.entry import Change, Entry
from datavc.model.tree.apply import apply_changes
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.lookup import is_folder, lookup
from datavc.model.tree.scan import list_folder, scan
from datavc.model.tree.shape import TreeShape
from datavc.testing.strategies import (
    NodeMemory,
    paths,
    simple_entries,
    tree_files,
    without_collisions,
)

#: Tiny nodes, so that few files make many levels; some never end a node by their keys.
shapes = st.sampled_from(
    [
        TreeShape(2, 4, 1000),
        TreeShape(3, 8, 20),
        TreeShape(4, 2, 1000),
        TreeShape(1, 2, 1000),
        TreeShape(10**6, 3, 1000),
        TreeShape(),
    ]
)


def build(files: dict[str, Entry], memory: NodeMemory, shape: TreeShape) -> TreeRef:
    return apply_changes(EMPTY_TREE, sorted(files.items()), memory, memory, shape)


def changes_between(old: dict[str, Entry], new: dict[str, Entry]) -> list[Change]:
    removed: list[Change] = [(path, None) for path in old if path not in new]
    put: list[Change] = [(path, entry) for path, entry in new.items() if old.get(path) != entry]
    return sorted(removed + put, key=lambda change: change[0])


@given(tree_files, tree_files, shapes)
def test_changes_give_the_tree_built_from_scratch(
    old: dict[str, Entry], new: dict[str, Entry], shape: TreeShape
) -> None:
    memory = NodeMemory()
    changed = apply_changes(
        build(old, memory, shape), changes_between(old, new), memory, memory, shape
    )
    scratch = build(new, memory, shape)
    assert changed.digest == scratch.digest
    assert (changed.files, changed.bytes) == (len(new), sum(e.size for e in new.values()))
    assert dict(scan(changed, memory)) == new


@given(tree_files.filter(bool), shapes, st.data())
def test_replacing_files_gives_the_tree_built_from_scratch(
    files: dict[str, Entry], shape: TreeShape, data: st.DataObject
) -> None:
    memory = NodeMemory()
    paths_there = st.sampled_from(sorted(files))
    other = data.draw(st.dictionaries(paths_there, simple_entries, min_size=1))
    changed = apply_changes(
        build(files, memory, shape), sorted(other.items()), memory, memory, shape
    )
    assert changed.digest == build(files | other, memory, shape).digest
    assert dict(scan(changed, memory)) == files | other


@given(tree_files, shapes, st.integers(0, 2**32))
def test_the_order_and_grouping_of_puts_does_not_matter(
    files: dict[str, Entry], shape: TreeShape, seed: int
) -> None:
    memory = NodeMemory()
    shuffled = list(files.items())
    random.Random(seed).shuffle(shuffled)
    tree = EMPTY_TREE
    for start in range(0, len(shuffled), 7):
        tree = apply_changes(tree, sorted(shuffled[start : start + 7]), memory, memory, shape)
    assert tree.digest == build(files, memory, shape).digest


@given(tree_files, shapes)
def test_removing_everything_gives_the_empty_tree(
    files: dict[str, Entry], shape: TreeShape
) -> None:
    memory = NodeMemory()
    changes: list[Change] = [(path, None) for path in sorted(files)]
    assert apply_changes(build(files, memory, shape), changes, memory, memory, shape) == EMPTY_TREE


@given(tree_files, shapes)
def test_removing_what_is_not_there_changes_nothing(
    files: dict[str, Entry], shape: TreeShape
) -> None:
    memory = NodeMemory()
    tree = build(files, memory, shape)
    absent: list[Change] = [(f"{path}x", None) for path in sorted(files)]
    saved = len(memory.saved)
    after = apply_changes(tree, sorted(absent, key=lambda c: c[0]), memory, memory, shape)
    assert after.digest == tree.digest
    assert len(memory.saved) == saved


@given(tree_files, paths, shapes)
def test_lookup(files: dict[str, Entry], path: str, shape: TreeShape) -> None:
    memory = NodeMemory()
    tree = build(files, memory, shape)
    for known in files:
        assert lookup(tree, known, memory) == files[known]
    assert lookup(tree, path, memory) == files.get(path)
    assert is_folder(tree, path, memory) == any(k.startswith(f"{path}/") for k in files)


@given(tree_files, st.one_of(st.just(""), paths), st.one_of(st.just(""), paths), shapes)
def test_scan_and_list(files: dict[str, Entry], prefix: str, after: str, shape: TreeShape) -> None:
    memory = NodeMemory()
    tree = build(files, memory, shape)
    inside = sorted(path for path in files if path.startswith(prefix))
    found = [path for path, _ in scan(tree, memory, prefix, after)]
    assert found == [path for path in inside if path > after or not after]
    level = sorted(
        {
            prefix + p[len(prefix) :].partition("/")[0] + "/" * ("/" in p[len(prefix) :])
            for p in inside
        }
    )
    assert [info.path for info in list_folder(tree, memory, prefix)] == level
    for index, name in enumerate(level):
        rest = [i.path for i in list_folder(tree, memory, prefix, start_after=name)]
        assert rest == level[index + 1 :]


@given(
    tree_files, st.dictionaries(paths, st.one_of(st.none(), simple_entries), max_size=20), shapes
)
def test_a_path_is_never_both_file_and_folder(
    old: dict[str, Entry], wanted: dict[str, Entry | None], shape: TreeShape
) -> None:
    memory = NodeMemory()
    new = {path: entry for path, entry in old.items() if path not in wanted}
    new |= {path: entry for path, entry in wanted.items() if entry is not None}
    changes = sorted(wanted.items(), key=lambda change: change[0])
    if without_collisions(new) == new:
        tree = apply_changes(build(old, memory, shape), changes, memory, memory, shape)
        assert tree.digest == build(new, memory, shape).digest
    else:
        with pytest.raises(PathConflict):
            apply_changes(build(old, memory, shape), changes, memory, memory, shape)
