"""Applying sorted changes to a tree: work and writes in proportion to the changes."""

from __future__ import annotations

from collections.abc import Iterable

from datavc.model.commit import TreeRef
from datavc.model.entry import Change, Entry, Location
from datavc.model.tree.builder import TreeBuilder
from datavc.model.tree.collision import CollisionCheck
from datavc.model.tree.lookahead import ChangeStream
from datavc.model.tree.node import ChildRef, Inner, Leaf, NodeSink, NodeSource
from datavc.model.tree.shape import STANDARD_SHAPE, TreeShape


def apply_changes(
    base: TreeRef,
    changes: Iterable[Change],
    source: NodeSource,
    sink: NodeSink,
    shape: TreeShape = STANDARD_SHAPE,
) -> TreeRef:
    """The tree that *base* becomes by *changes*, which are sorted by path and unique.

    Removing a path that is not there changes nothing. Equal results are equal trees, however they
    came about. Nodes that no change touches are neither read nor written, but for the next one
    behind a change where that moved a node's end.

    Raises:
        PathConflict: a file and a folder would have the same path.
    """
    return _Application(base, ChangeStream(changes), source, sink, shape).run()


class _Application:
    def __init__(
        self,
        base: TreeRef,
        changes: ChangeStream,
        source: NodeSource,
        sink: NodeSink,
        shape: TreeShape,
    ) -> None:
        self._base = base
        self._changes = changes
        self._source = source
        self._builder = TreeBuilder(sink, shape)
        self._collisions = CollisionCheck(base, source, changes)

    def run(self) -> TreeRef:
        location = self._base.location
        if location is None:
            self._rest(None)
        elif self._changes.next_path is None:
            return self._base
        else:
            self._rewrite(self._root(location), None)
        root = self._builder.finish()
        while isinstance(root, ChildRef):
            node = None if self._builder.is_new(root) else self._load(root)
            if not isinstance(node, Inner) or len(node) > 1:
                return TreeRef(root.digest, root.location, root.files, root.bytes)
            root = node.child(0)
        return root

    def _root(self, location: Location) -> ChildRef:
        base = self._base
        node = self._source.load(base.digest, location)
        first = node.paths[0] if isinstance(node, Leaf) else node.firsts[0]
        return ChildRef(first, base.digest, location, base.files, base.bytes, node.level)

    def _load(self, ref: ChildRef) -> Leaf | Inner:
        return self._source.load(ref.digest, ref.location)

    def _subtree(self, ref: ChildRef, end: str | None) -> None:
        """Pass on *ref*, which holds all paths of the base below *end*, with its changes."""
        if self._changes.is_clear_until(end) and not self._builder.is_open(ref.level):
            self._builder.add_subtree(ref)
        else:
            self._rewrite(ref, end)

    def _rewrite(self, ref: ChildRef, end: str | None) -> None:
        self._builder.reuse(ref)
        node = self._load(ref)
        if isinstance(node, Leaf):
            self._leaf(node, end)
            return
        last = len(node) - 1
        for index in range(len(node)):
            below = node.firsts[index + 1] if index < last else end
            self._subtree(node.child(index), below)

    def _leaf(self, leaf: Leaf, end: str | None) -> None:
        """Pass on the entries of *leaf* and its changes."""
        paths = leaf.paths
        replaced = None if self._builder.is_open(0) else self._changes.replacements(paths, end)
        if replaced:
            # Its paths, and so its ends, stay as they are.
            self._replace(leaf, replaced)
        else:
            self._merge(leaf, end)

    def _replace(self, leaf: Leaf, indices: list[int]) -> None:
        entries: list[Entry] = []
        for index in indices:
            entry = self._changes.take()
            if entry is not None:
                self._collisions.check_put(leaf.paths[index])
                entries.append(entry)
        self._builder.add_leaf(leaf.with_replaced(indices, entries))

    def _merge(self, leaf: Leaf, end: str | None) -> None:
        add, changes = self._builder.add, self._changes
        paths = leaf.paths
        for index, entry in enumerate(leaf.entries()):
            path = paths[index]
            self._insert(path, path)
            if changes.next_path == path:
                changed = changes.take()
                if changed is not None:
                    self._collisions.check_put(path)
                    add(path, changed)
                else:
                    self._collisions.note_removal(path)
            else:
                add(path, entry)
        self._rest(end)

    def _rest(self, end: str | None) -> None:
        """Add the changes from here to *end*, where the base has no paths left."""
        self._insert(end, None)

    def _insert(self, end: str | None, following: str | None) -> None:
        """Add the changes below *end*; *following* is the base's next path, if it is known."""
        changes = self._changes
        while (path := changes.next_path) is not None and (end is None or path < end):
            entry = changes.take()
            if entry is not None:
                self._collisions.check_new(path, following)
                self._builder.add(path, entry)
