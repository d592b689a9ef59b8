"""A position in a tree that moves forward path by path, or jumps."""

from __future__ import annotations

from datavc.model.commit import TreeRef
from datavc.model.entry import Entry
from datavc.model.tree.node import Inner, Leaf, NodeSource


class Cursor:
    """Stands on one path of a tree. It reads only the nodes on the way to where it stands."""

    def __init__(self, tree: TreeRef, source: NodeSource) -> None:
        self._tree = tree
        self._source = source
        self._way: list[tuple[Inner, int]] = []
        self._leaf: Leaf | None = None
        self._index = 0

    @property
    def path(self) -> str | None:
        """The path it stands on, or ``None`` past the end and before the first :meth:`seek`."""
        return self._leaf.paths[self._index] if self._leaf else None

    @property
    def leaf(self) -> Leaf | None:
        """The leaf it stands in."""
        return self._leaf

    @property
    def index(self) -> int:
        """Where in the leaf it stands."""
        return self._index

    def entry(self) -> Entry:
        """The entry of the path it stands on.

        Raises:
            LookupError: it stands on no path.
        """
        if self._leaf is None:
            raise LookupError("the cursor stands on no path")
        return self._leaf.entry(self._index)

    def seek(self, key: str) -> str | None:
        """Go to the first path that is not below *key*, forwards or backwards.

        A step nearby reads only the nodes between.
        """
        if self._leaf and self._leaf.paths[0] <= key <= self._leaf.paths[-1]:
            self._index = self._leaf.index_from(key)
            return self.path
        self._leaf = None
        if self._tree.location is None:
            return None
        node = self._above(key) or self._source.load(self._tree.digest, self._tree.location)
        while isinstance(node, Inner):
            index = node.index_of(key)
            self._way.append((node, index))
            node = self._load(node, index)
        self._leaf, self._index = node, node.index_from(key)
        if self._index == len(node.paths):
            self._next_leaf()
        return self.path

    def advance(self) -> str | None:
        """Go to the next path."""
        if self._leaf is None:
            return None
        self._index += 1
        if self._index == len(self._leaf.paths):
            self._next_leaf()
        return self.path

    def next_leaf(self) -> str | None:
        """Go to the first path of the next leaf."""
        self._next_leaf()
        return self.path

    def _next_leaf(self) -> None:
        self._leaf, self._index = None, 0
        while self._way:
            parent, index = self._way.pop()
            if index + 1 < len(parent):
                self._way.append((parent, index + 1))
                node = self._load(parent, index + 1)
                while isinstance(node, Inner):
                    self._way.append((node, 0))
                    node = self._load(node, 0)
                self._leaf = node
                return

    def _above(self, key: str) -> Inner | None:
        """Step back to the lowest node on the way that surely covers *key*, if there is one."""
        while self._way:
            node, _ = self._way.pop()
            if not self._way or node.firsts[0] <= key <= node.firsts[-1]:
                return node
        return None

    def _load(self, parent: Inner, index: int) -> Leaf | Inner:
        child = parent.child(index)
        return self._source.load(child.digest, child.location)
