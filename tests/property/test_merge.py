"""Three-way merge against plain dicts, its laws, and what it may not read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datavc.errors import PathConflict
from datavc.model.commit import TreeRef
from datavc.model.entry import Entry
from datavc.model.tree.apply import apply_changes
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.merge import merge_trees
from datavc.model.tree.scan import scan
from datavc.model.tree.shape import TreeShape
from datavc.testing.strategies import NodeMemory, tree_files, without_collisions

SHAPE = TreeShape(3, 8, 20)

Files = dict[str, Entry]


def build(files: Files, memory: NodeMemory) -> TreeRef:
    return apply_changes(EMPTY_TREE, sorted(files.items()), memory, memory, SHAPE)


def edited(base: Files, draw: st.DrawFn) -> Files:
    gone = draw(st.sets(st.sampled_from(sorted(base)), max_size=5)) if base else set()
    kept = {path: entry for path, entry in base.items() if path not in gone}
    return without_collisions(kept | draw(tree_files))


@st.composite
def sides(draw: st.DrawFn) -> tuple[Files, Files, Files]:
    """A base, and two that came from it."""
    base = draw(tree_files)
    return base, edited(base, draw), edited(base, draw)


def expected(base: Files, ours: Files, theirs: Files) -> tuple[Files, list[str]]:
    merged, clashes = dict(ours), []
    for path in sorted(base.keys() | theirs.keys()):
        if base.get(path) == theirs.get(path) or ours.get(path) == theirs.get(path):
            continue
        if base.get(path) != ours.get(path):
            clashes.append(path)
        elif path in theirs:
            merged[path] = theirs[path]
        else:
            del merged[path]
    return merged, clashes


@given(sides())
def test_a_merge_is_what_dicts_say(files: tuple[Files, Files, Files]) -> None:
    memory = NodeMemory()
    base, ours, theirs = (build(side, memory) for side in files)
    merged, clashes = expected(*files)
    if without_collisions(merged) != merged:
        with pytest.raises(PathConflict):
            merge_trees(base, ours, theirs, memory, memory, SHAPE)
        return
    result = merge_trees(base, ours, theirs, memory, memory, SHAPE)
    assert [clash.path for clash in result.conflicts] == clashes
    for clash in result.conflicts:
        sides = [side.get(clash.path) for side in files]
        assert [clash.base, clash.ours, clash.theirs] == sides
    assert dict(scan(result.tree, memory)) == merged
    assert result.tree.digest == build(merged, memory).digest


@given(sides())
def test_without_conflicts_the_sides_may_be_swapped(files: tuple[Files, Files, Files]) -> None:
    memory = NodeMemory()
    base, ours, theirs = (build(side, memory) for side in files)
    merged, clashes = expected(*files)
    there = (base, ours, theirs, memory, memory, SHAPE)
    back = (base, theirs, ours, memory, memory, SHAPE)
    if clashes:
        assert expected(files[0], files[2], files[1])[1] == clashes
    elif without_collisions(merged) == merged:
        assert merge_trees(*there).tree.digest == merge_trees(*back).tree.digest
    else:
        for arguments in (there, back):
            with pytest.raises(PathConflict):
                merge_trees(*arguments)


@given(tree_files, tree_files)
def test_a_side_that_did_nothing_adds_nothing(base: Files, changed: Files) -> None:
    memory = NodeMemory()
    before, after = build(base, memory), build(changed, memory)
    for ours, theirs in ((after, before), (before, after), (after, after)):
        result = merge_trees(before, ours, theirs, memory, memory, SHAPE)
        assert result.tree.digest == after.digest
        assert result.conflicts == ()


def test_a_merge_reads_and_writes_in_proportion_to_the_changes() -> None:
    memory = NodeMemory()
    entry = Entry(1, bytes(32))
    names = [f"d{n // 1000:03d}/f{n % 1000:03d}" for n in range(50_000)]
    base = apply_changes(EMPTY_TREE, [(name, entry) for name in names], memory, memory)
    changed = Entry(2, b"x" * 32)
    ours = apply_changes(base, [(names[100], changed)], memory, memory)
    theirs = apply_changes(base, [(names[40_000], changed), (names[49_000], None)], memory, memory)
    memory.loads.clear()
    memory.saved.clear()
    result = merge_trees(base, ours, theirs, memory, memory)
    assert result.tree.files == 49_999
    assert len(memory.loads) <= 24
    assert len(memory.saved) <= 6
