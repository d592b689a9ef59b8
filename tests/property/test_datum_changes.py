"""What changed between two states of an input is what planning both from scratch says."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from datavc.model.datum import DatumMaker, plan_datums
from datavc.model.datum_changes import datum_changes
from datavc.model.entry import EMPTY_FOLDER, Entry
from datavc.model.pipeline_input import PfsInput
from datavc.model.tree.apply import apply_changes
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.shape import TreeShape
from datavc.testing.strategies import SIMPLE_ENTRIES, NodeMemory, tree_files

globs = st.sampled_from(
    ["/", "/*", "/*/", "/**", "/a", "/a/*", "/*/*", "/a*", "/*/b", "/{a,b}", "/{a/b,a}", "/a?(/b)",
     "/(*)", "/a/**", "/**/a", "/[!a]*/*"]
)  # fmt: skip
ONE = SIMPLE_ENTRIES[0]


@given(tree_files, tree_files, globs, st.booleans())
@example({"a/x": ONE, "a-": ONE, "a/y": ONE}, {"a/x": ONE}, "/{a,a/?}", False)
@example({"d/": EMPTY_FOLDER}, {}, "/*", False)
@example({"d/": EMPTY_FOLDER}, {}, "/*/*", False)
def test_changes_are_the_difference_of_two_plans(
    old: dict[str, Entry], new: dict[str, Entry], glob: str, keyed: bool
) -> None:
    memory = NodeMemory()
    shape = TreeShape(3, 5, 100)
    before, after = (
        apply_changes(EMPTY_TREE, sorted(files.items()), memory, memory, shape)
        for files in (old, new)
    )
    pfs = PfsInput("in", "raw", "main", glob, group_by="x$1" if keyed else None)
    planned = [
        {datum.key: datum for datum in plan_datums(pfs, {("raw", "main"): tree}, memory, "c", "s")}
        for tree in (before, after)
    ]
    changes = datum_changes(pfs, before, after, memory, DatumMaker("c", "s"))
    assert changes.gone == {key: planned[0][key] for key in planned[0].keys() - planned[1].keys()}
    assert changes.added == {key: planned[1][key] for key in planned[1].keys() - planned[0].keys()}
