"""Three-way merge against plain dicts, its laws, and what it may not read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from datavc.model.commit import TreeRef
from datavc.model.entry import Entry
from datavc.model.tree.apply import apply_changes
from datavc.model.tree.clash import MergeStrategy
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


def changed(base: Files, side: Files) -> set[str]:
    return {path for path in base.keys() | side.keys() if base.get(path) != side.get(path)}


def mixed(base: Files, ours: Files, theirs: Files) -> dict[str, MergeStrategy]:
    """Paths that one side made a file, and the other the folder of something."""
    found = {}
    for files, folders, side in (
        (ours, theirs, MergeStrategy.THEIRS),
        (theirs, ours, MergeStrategy.OURS),
    ):
        inside = changed(base, folders) & folders.keys()
        for path in changed(base, files) & files.keys():
            if any(other.startswith(f"{path}/") for other in inside):
                found[path] = side
    return found


def expected(base: Files, ours: Files, theirs: Files, side: MergeStrategy | None) -> Files:
    """The merge, where *side* is taken of whatever both changed."""
    wins = side is MergeStrategy.THEIRS
    tops = mixed(base, ours, theirs)
    merged = dict(ours)
    for path in changed(base, ours) | changed(base, theirs):
        is_mixed = any(path == top or path.startswith(f"{top}/") for top in tops)
        both = path in changed(base, ours) and path in changed(base, theirs)
        if wins if is_mixed or both else path in changed(base, theirs):
            merged.pop(path, None)
            if path in theirs:
                merged[path] = theirs[path]
    return merged


def conflicts(base: Files, ours: Files, theirs: Files) -> list[str]:
    tops = mixed(base, ours, theirs)
    both = changed(base, ours) & changed(base, theirs)
    plain = {
        path
        for path in both
        if ours.get(path) != theirs.get(path)
        and not any(path.startswith(f"{top}/") for top in tops)
    }
    return sorted(plain | tops.keys())


@given(sides(), st.sampled_from([None, MergeStrategy.OURS, MergeStrategy.THEIRS]))
def test_a_merge_is_what_dicts_say(
    files: tuple[Files, Files, Files], side: MergeStrategy | None
) -> None:
    memory = NodeMemory()
    base, ours, theirs = (build(side, memory) for side in files)
    result = merge_trees(base, ours, theirs, memory, memory, SHAPE, decide=lambda _: side)
    assert [clash.path for clash, _ in result.conflicts] == conflicts(*files)
    for clash, decided in result.conflicts:
        assert decided is side
        assert [clash.base, clash.ours, clash.theirs] == [one.get(clash.path) for one in files]
        assert clash.folder == mixed(*files).get(clash.path)
    merged = expected(*files, side)
    assert dict(scan(result.tree, memory)) == merged
    assert result.tree.digest == build(merged, memory).digest


@given(sides())
def test_another_file_may_be_taken_instead(files: tuple[Files, Files, Files]) -> None:
    memory = NodeMemory()
    base, ours, theirs = (build(side, memory) for side in files)
    other = Entry(9, b"o" * 32)
    instead = {path for path in conflicts(*files) if path not in mixed(*files)}
    result = merge_trees(
        base,
        ours,
        theirs,
        memory,
        memory,
        SHAPE,
        decide=lambda clash: other if clash.folder is None else None,
    )
    wanted = expected(*files, None) | dict.fromkeys(instead, other)
    assert dict(scan(result.tree, memory)) == wanted


@given(sides())
def test_without_conflicts_the_sides_may_be_swapped(files: tuple[Files, Files, Files]) -> None:
    memory = NodeMemory()
    base, ours, theirs = (build(side, memory) for side in files)
    there = merge_trees(base, ours, theirs, memory, memory, SHAPE)
    back = merge_trees(base, theirs, ours, memory, memory, SHAPE)
    assert [one.path for one, _ in there.conflicts] == [one.path for one, _ in back.conflicts]
    if not there.conflicts:
        assert there.tree.digest == back.tree.digest


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
