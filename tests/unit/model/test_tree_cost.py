"""What work on a tree of 1,000,000 files reads and writes, and how much it holds in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from datavc.model.commit import TreeRef
from datavc.model.entry import Change, Entry, Location
from datavc.model.tree.apply import apply_changes
from datavc.model.tree.diff import diff_trees
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.glob_tree import glob_tree
from datavc.model.tree.lookup import lookup
from datavc.model.tree.node import Leaf, decode_node
from datavc.model.tree.scan import list_folder, scan
from datavc.model.tree.shape import STANDARD_SHAPE
from datavc.testing.strategies import NodeMemory

FILES = 1_000_000
FOLDERS = 10
ENTRY = Entry(1, bytes(32))
OTHER = Entry(2, b"x" * 32)
#: Levels of a tree of a million files; three, by chance four.
HEIGHT = 4


def name(number: int) -> str:
    each = FILES // FOLDERS
    return f"d{number // each}/f{number % each:06d}"


class Tree:
    """The big tree, and a count of what is read and written from now on."""

    def __init__(self) -> None:
        self.memory = NodeMemory()
        changes: Iterator[Change] = ((name(number), ENTRY) for number in range(FILES))
        self.ref = apply_changes(EMPTY_TREE, changes, self.memory, self.memory)

    def counted(self) -> NodeMemory:
        self.memory.loads.clear()
        self.memory.saved.clear()
        return self.memory

    def changed(self, *changes: Change) -> TreeRef:
        return apply_changes(self.ref, changes, self.memory, self.memory)


@pytest.fixture(scope="module")
def big() -> Tree:
    return Tree()


@pytest.mark.parametrize(
    ("path", "entry", "files"),
    [
        (name(123_456), OTHER, FILES),
        (name(123_456), None, FILES - 1),
        (name(123_456) + "a", OTHER, FILES + 1),
        ("a", OTHER, FILES + 1),
        ("z", OTHER, FILES + 1),
    ],
)
def test_one_change(big: Tree, path: str, entry: Entry | None, files: int) -> None:
    memory = big.counted()
    changed = big.changed((path, entry))
    assert changed.files == files
    # The way down, a neighbour on each level where a node's end moved, the collision check's way.
    assert len(memory.loads) <= 3 * HEIGHT
    assert len(memory.saved) <= 2 * HEIGHT
    assert sum(memory.saved) < 128 * 1024
    memory = big.counted()
    assert [path for path, _, _ in diff_trees(big.ref, changed, memory)] == [path]
    assert len(memory.loads) <= 4 * HEIGHT


def test_one_lookup(big: Tree) -> None:
    memory = big.counted()
    assert lookup(big.ref, name(765_432), memory) == ENTRY
    assert lookup(big.ref, "d5/none", memory) is None
    assert len(memory.loads) <= 2 * HEIGHT + 1


def test_listing_steps_over_folders(big: Tree) -> None:
    memory = big.counted()
    listed = [info.path for info in list_folder(big.ref, memory)]
    assert listed == [f"d{number}/" for number in range(FOLDERS)]
    assert len(memory.loads) <= (FOLDERS + 1) * HEIGHT


def test_a_glob_reads_no_more_than_its_literal_part(big: Tree) -> None:
    memory = big.counted()
    found = [path for path, _ in glob_tree(big.ref, memory, "/d3/f00001?")]
    assert found == [f"d3/f00001{digit}" for digit in range(10)]
    assert len(memory.loads) <= HEIGHT + 1


def test_a_scan_begins_where_it_is_asked_to(big: Tree) -> None:
    memory = big.counted()
    rest = scan(big.ref, memory, "d7/", start_after="d7/f099997")
    assert [path for path, _ in rest] == ["d7/f099998", "d7/f099999"]
    assert len(memory.loads) <= HEIGHT + 2


class LeafCount:
    """A sink that keeps nothing but the number of entries it saw."""

    def __init__(self) -> None:
        self.entries = 0

    def save(self, digest: bytes, payload: bytes) -> Location:
        node = decode_node(payload, digest)
        self.entries += len(node.paths) if isinstance(node, Leaf) else 0
        return Location(bytes(16), 0, len(payload))


def test_building_holds_no_more_than_the_open_nodes() -> None:
    sink = LeafCount()
    taken = 0

    def changes() -> Iterator[Change]:
        nonlocal taken
        for number in range(20_000):
            # One change is looked at ahead of the one that is added.
            assert taken - sink.entries <= STANDARD_SHAPE.max_items + 1
            taken += 1
            yield f"f{number:06d}", ENTRY

    tree = apply_changes(EMPTY_TREE, changes(), NodeMemory(), sink)
    assert tree.files == sink.entries == 20_000
