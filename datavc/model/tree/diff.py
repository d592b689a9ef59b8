"""What differs between two trees, at a cost in proportion to the difference."""

from __future__ import annotations

from collections.abc import Iterator

from datavc.model.commit import TreeRef
from datavc.model.entry import Entry
from datavc.model.file_info import ChangeKind, FileChange
from datavc.model.ids import DIGEST_SIZE
from datavc.model.tree.node import ChildRef, Inner, Leaf, NodeSource

#: A path with its entry before and after; ``None`` where it is not there.
Difference = tuple[str, Entry | None, Entry | None]


def diff_trees(
    old: TreeRef, new: TreeRef, source: NodeSource, prefix: str = ""
) -> Iterator[Difference]:
    """Paths below *prefix* that *old* and *new* do not hold alike, sorted.

    Subtrees that both hold are never read, but for a root that is a subtree of the other tree.
    Only content counts, not where it is stored.
    """
    if old.digest == new.digest:
        return
    before, after = _Frontier(old, source, prefix), _Frontier(new, source, prefix)
    while before.head is not None or after.head is not None:
        yield from _step(before, after)


def file_change(path: str, old: Entry | None, new: Entry | None) -> FileChange:
    """A difference as people see it."""
    kind = ChangeKind.MODIFIED
    if old is None or new is None:
        kind = ChangeKind.ADDED if old is None else ChangeKind.REMOVED
    return FileChange(
        path,
        kind,
        None if old is None else old.size,
        None if new is None else new.size,
        None if old is None else old.digest.hex(),
        None if new is None else new.digest.hex(),
    )


def _step(before: _Frontier, after: _Frontier) -> Iterator[Difference]:
    old, new = before.head, after.head
    if isinstance(old, ChildRef) and isinstance(new, ChildRef):
        if old.digest == new.digest:
            before.skip()
            after.skip()
        elif old.first == new.first:
            _open_higher(before, old, after, new)
        else:
            (before if old.first < new.first else after).open()
    elif isinstance(old, _LeafAt) and isinstance(new, _LeafAt):
        yield from _walk(before, old, after, new)
    else:
        yield from _uneven(before, after)


def _open_higher(before: _Frontier, old: ChildRef, after: _Frontier, new: ChildRef) -> None:
    if old.level >= new.level:
        before.open()
    if new.level >= old.level:
        after.open()


def _uneven(before: _Frontier, after: _Frontier) -> Iterator[Difference]:
    """One side stands on a leaf's path or at its end, the other one on a subtree."""
    old, new = before.head, after.head
    if isinstance(old, _LeafAt) and (new is None or old.path < _first(new)):
        yield old.path, old.entry(), None
        before.advance()
    elif isinstance(new, _LeafAt) and (old is None or new.path < _first(old)):
        yield new.path, None, new.entry()
        after.advance()
    else:
        (before if isinstance(old, ChildRef) else after).open()


def _first(head: ChildRef | _LeafAt) -> str:
    return head.first if isinstance(head, ChildRef) else head.path


def _walk(before: _Frontier, old: _LeafAt, after: _Frontier, new: _LeafAt) -> Iterator[Difference]:
    """Compare two leaves from where they stand to the end of the first that ends."""
    old_paths, new_paths = old.leaf.paths, new.leaf.paths
    i, j, old_end, new_end = old.index, new.index, old.end, new.end
    common = min(old_end - i, new_end - j)
    if old_paths[i : i + common] == new_paths[j : j + common]:
        for k in _differing(old.leaf, i, new.leaf, j, common):
            yield old_paths[i + k], old.leaf.entry(i + k), new.leaf.entry(j + k)
        i, j = i + common, j + common
    while i < old_end and j < new_end:
        path, other = old_paths[i], new_paths[j]
        if path == other:
            if not _is_same(old.leaf, i, new.leaf, j, 1):
                yield path, old.leaf.entry(i), new.leaf.entry(j)
            i += 1
            j += 1
        elif path < other:
            yield path, old.leaf.entry(i), None
            i += 1
        else:
            yield other, None, new.leaf.entry(j)
            j += 1
    before.move_to(i)
    after.move_to(j)


def _differing(old: Leaf, i: int, new: Leaf, j: int, count: int) -> Iterator[int]:
    """Which of *count* entries from *i* and *j* on differ, found by halving."""
    if _is_same(old, i, new, j, count):
        return
    if count == 1:
        yield 0
        return
    half = count // 2
    yield from _differing(old, i, new, j, half)
    for k in _differing(old, i + half, new, j + half, count - half):
        yield half + k


def _is_same(old: Leaf, i: int, new: Leaf, j: int, count: int) -> bool:
    """Whether *count* entries from *i* and *j* on are the same, one by one."""
    a, b = old.columns, new.columns
    return (
        a.digests[i * DIGEST_SIZE : (i + count) * DIGEST_SIZE]
        == b.digests[j * DIGEST_SIZE : (j + count) * DIGEST_SIZE]
        and a.sizes[i : i + count] == b.sizes[j : j + count]
        and a.flags[i : i + count] == b.flags[j : j + count]
    )


class _LeafAt:
    """A leaf, from one of its paths on."""

    __slots__ = ("end", "index", "leaf")

    def __init__(self, leaf: Leaf, prefix: str) -> None:
        self.leaf = leaf
        self.index = leaf.index_from(prefix)
        self.end = len(leaf.paths)
        while self.end > self.index and not leaf.paths[self.end - 1].startswith(prefix):
            self.end -= 1

    @property
    def path(self) -> str:
        return self.leaf.paths[self.index]

    def entry(self) -> Entry:
        return self.leaf.entry(self.index)


class _Frontier:
    """What is left of a tree: a leaf that is being walked, and subtrees that were not read yet."""

    def __init__(self, tree: TreeRef, source: NodeSource, prefix: str) -> None:
        self._source = source
        self._prefix = prefix
        #: Subtrees to come, the next one last.
        self._subtrees: list[ChildRef] = []
        self.head: ChildRef | _LeafAt | None = None
        if tree.location is not None:
            self._enter(source.load(tree.digest, tree.location))

    def skip(self) -> None:
        """Pass over the subtree at the head."""
        self.head = self._subtrees.pop() if self._subtrees else None

    def open(self) -> None:
        """Replace the subtree at the head by what it holds."""
        if isinstance(self.head, ChildRef):
            self._enter(self._source.load(self.head.digest, self.head.location))

    def advance(self) -> None:
        """Pass over the path at the head."""
        if isinstance(self.head, _LeafAt):
            self.move_to(self.head.index + 1)

    def move_to(self, index: int) -> None:
        """Go to *index* in the leaf at the head, or behind it."""
        if isinstance(self.head, _LeafAt):
            self.head.index = index
            if index >= self.head.end:
                self.skip()

    def _enter(self, node: Leaf | Inner) -> None:
        if isinstance(node, Leaf):
            leaf = _LeafAt(node, self._prefix)
            if leaf.index < leaf.end:
                self.head = leaf
            else:
                self.skip()
        else:
            start = node.index_of(self._prefix)
            end = start + 1
            while end < len(node) and node.firsts[end].startswith(self._prefix):
                end += 1
            self._subtrees.extend(node.child(index) for index in range(end - 1, start - 1, -1))
            self.skip()
