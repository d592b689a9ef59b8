"""Globs over trees find what matching every path and folder one by one finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from datavc.model.entry import Entry
from datavc.model.glob import Glob
from datavc.model.tree.apply import apply_changes
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.glob_tree import glob_tree
from datavc.model.tree.shape import TreeShape
from datavc.testing.strategies import SIMPLE_ENTRIES, NodeMemory, tree_files

parts = st.sampled_from(
    [
        "a",
        "b",
        "*",
        "a*",
        "*b",
        "?",
        "[ab]",
        "[!a]*",
        "{a,b}",
        "(*)",
        "a-",
        ".0",
        "{a/b,a}",
        "a?(/b)",
        "+(a|-)",
    ]
)
shallow = st.lists(parts, min_size=1, max_size=3).map("/".join)
deep = st.tuples(
    st.sampled_from(["", "a/", "*/"]), st.sampled_from(["**", "**/a", "**b", "a*(/a)"])
).map("".join)


@given(tree_files, shallow, st.booleans())
def test_shallow_patterns_match_files_and_folders(
    files: dict[str, Entry], pattern: str, slash: bool
) -> None:
    memory = NodeMemory()
    tree = apply_changes(EMPTY_TREE, sorted(files.items()), memory, memory, TreeShape(3, 5, 100))
    folders = {path[:i] for path in files for i, letter in enumerate(path) if letter == "/"}
    glob = Glob(pattern)
    expected = {
        path: files.get(path) for path in files.keys() | folders if glob.match(path) is not None
    }
    found = list(glob_tree(tree, memory, ("/" if slash else "") + pattern))
    assert len(found) == len(expected)
    assert dict(found) == expected


@given(tree_files, deep)
def test_deep_patterns_match_files(files: dict[str, Entry], pattern: str) -> None:
    memory = NodeMemory()
    tree = apply_changes(EMPTY_TREE, sorted(files.items()), memory, memory, TreeShape(3, 5, 100))
    glob = Glob(pattern)
    assert list(glob_tree(tree, memory, pattern)) == sorted(
        (path, entry)
        for path, entry in files.items()
        if glob.match(path) is not None and not path.endswith("/")
    )


def test_a_folder_is_found_once_however_many_files_it_holds() -> None:
    memory = NodeMemory()
    files = dict.fromkeys(("a/b/x", "a/c", "a/d", "a-"), SIMPLE_ENTRIES[0])
    tree = apply_changes(EMPTY_TREE, sorted(files.items()), memory, memory, TreeShape(3, 5, 100))
    found = [path for path, _ in glob_tree(tree, memory, "{a,a/?}")]
    assert found == ["a", "a/b", "a/c", "a/d"]
    assert [path for path, _ in glob_tree(tree, memory, "/a")] == ["a"]
    assert list(glob_tree(tree, memory, "/a/c")) == [("a/c", SIMPLE_ENTRIES[0])]
    assert not list(glob_tree(tree, memory, "/b"))
