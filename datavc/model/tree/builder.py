"""Turns a sorted sequence of entries and unchanged subtrees into a tree."""

from __future__ import annotations

from datavc.model.commit import TreeRef
from datavc.model.entry import Entry
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.node import (
    ChildRef,
    EncodedNode,
    Leaf,
    NodeSink,
    encode_inner,
    encode_leaf,
)
from datavc.model.tree.shape import STANDARD_SHAPE, TreeShape


class TreeBuilder:
    """Builds a tree from left to right; only the open node of each level is in memory.

    Whatever mix of entries and subtrees is added, the result is the tree that the entries alone
    would give: a subtree may only be added where no node is open below it (:meth:`is_open`).
    """

    def __init__(self, sink: NodeSink, shape: TreeShape = STANDARD_SHAPE) -> None:
        self._sink = sink
        self._shape = shape
        self._entries: list[tuple[str, Entry]] = []
        self._entry_size = 0
        #: ``_inner[n]`` is the open node of level n + 1.
        self._inner: list[_OpenInner] = []
        self._known: dict[bytes, ChildRef] = {}
        self._last_built: dict[int, bytes] = {}

    def reuse(self, node: ChildRef) -> None:
        """Make a stored node known, so that an equal one is not stored again."""
        self._known[node.digest] = node

    def is_open(self, level: int) -> bool:
        """Whether a node of *level* or below is half built."""
        return bool(self._entries) or any(node.children for node in self._inner[:level])

    def add(self, path: str, entry: Entry) -> None:
        """Append an entry; *path* is above all that was added before."""
        self._entries.append((path, entry))
        self._entry_size += len(path)
        if self._shape.ends_node(0, path, len(self._entries), self._entry_size):
            self._end_leaf()

    def add_leaf(self, leaf: Leaf) -> None:
        """Append a whole leaf, which ends where the shape says. No leaf may be open."""
        encoded = leaf.encode()
        size = sum(leaf.columns.sizes)
        self.add_subtree(self._save(encoded, leaf.paths[0], len(leaf.paths), size, 0))

    def add_subtree(self, child: ChildRef) -> None:
        """Append a stored subtree as it is. No node of its level or below may be open."""
        while len(self._inner) <= child.level:
            self._inner.append(_OpenInner(len(self._inner) + 1))
        node = self._inner[child.level]
        node.children.append(child)
        node.size += len(child.first)
        if self._shape.ends_node(node.level, child.first, len(node.children), node.size):
            self._end_inner(node)

    def finish(self) -> TreeRef | ChildRef:
        """The finished tree: the empty one, or its root.

        The root may have a single subtree where an unchanged one was added; see
        :func:`datavc.model.tree.apply.apply_changes`, which steps down to the real root.
        """
        if self._entries:
            self._end_leaf()
        level = 0
        while level < len(self._inner):
            node = self._inner[level]
            if len(node.children) == 1 and level == len(self._inner) - 1:
                return node.children[0]
            if node.children:
                self._end_inner(node)
            level += 1
        return EMPTY_TREE

    def is_new(self, root: ChildRef) -> bool:
        """Whether *root*, the only node of its level, was built here and may not be readable yet.

        Such a root is the real one already.
        """
        return self._last_built.get(root.level) == root.digest

    def _end_leaf(self) -> None:
        entries, self._entries, self._entry_size = self._entries, [], 0
        encoded = encode_leaf(entries)
        size = sum(entry.size for _, entry in entries)
        self.add_subtree(self._save(encoded, entries[0][0], len(entries), size, 0))

    def _end_inner(self, node: _OpenInner) -> None:
        children = node.take()
        encoded = encode_inner(node.level, children)
        files = sum(child.files for child in children)
        size = sum(child.bytes for child in children)
        self.add_subtree(self._save(encoded, children[0].first, files, size, node.level))

    def _save(
        self, encoded: EncodedNode, first: str, files: int, size: int, level: int
    ) -> ChildRef:
        known = self._known.get(encoded.digest)
        if known is not None:
            return known
        location = self._sink.save(encoded.digest, encoded.payload)
        self._last_built[level] = encoded.digest
        return ChildRef(first, encoded.digest, location, files, size, level)


class _OpenInner:
    """The inner node of one level that is being filled."""

    def __init__(self, level: int) -> None:
        self.level = level
        self.children: list[ChildRef] = []
        self.size = 0

    def take(self) -> list[ChildRef]:
        children, self.children, self.size = self.children, [], 0
        return children
