"""Three-way merge of trees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from datavc.model.commit import TreeRef
from datavc.model.entry import Change, Entry
from datavc.model.tree.apply import apply_changes
from datavc.model.tree.diff import Difference, diff_trees
from datavc.model.tree.node import NodeSink, NodeSource
from datavc.model.tree.shape import STANDARD_SHAPE, TreeShape


@dataclass(frozen=True, slots=True)
class PathClash:
    """A path that both sides changed, and not alike."""

    path: str
    base: Entry | None
    ours: Entry | None
    theirs: Entry | None


@dataclass(frozen=True, slots=True)
class MergeResult:
    """What a merge came to: *ours* with what *theirs* changed, but for the conflicts."""

    tree: TreeRef
    #: Paths that both sides changed, sorted.
    conflicts: tuple[PathClash, ...]


def merge_trees(
    base: TreeRef,
    ours: TreeRef,
    theirs: TreeRef,
    source: NodeSource,
    sink: NodeSink,
    shape: TreeShape = STANDARD_SHAPE,
    *,
    prefer_theirs: bool = False,
) -> MergeResult:
    """Bring the changes from *base* to *theirs* into *ours*, at a cost in proportion to them.

    The same change on both sides is no conflict. Where there is one, the tree holds our side, or
    with *prefer_theirs* theirs.

    Raises:
        PathConflict: one side made a file where the other made a folder.
    """
    conflicts: list[PathClash] = []
    changes = _their_changes(base, ours, theirs, source, conflicts, prefer_theirs)
    tree = apply_changes(ours, changes, source, sink, shape)
    return MergeResult(tree, tuple(conflicts))


def _their_changes(
    base: TreeRef,
    ours: TreeRef,
    theirs: TreeRef,
    source: NodeSource,
    conflicts: list[PathClash],
    prefer_theirs: bool,
) -> Iterator[Change]:
    our_changes = diff_trees(base, ours, source)
    our: Difference | None = next(our_changes, None)
    for path, old, their in diff_trees(base, theirs, source):
        while our is not None and our[0] < path:
            our = next(our_changes, None)
        if our is None or our[0] != path:
            yield path, their
        elif not _is_alike(our[2], their):
            conflicts.append(PathClash(path, old, our[2], their))
            if prefer_theirs:
                yield path, their


def _is_alike(ours: Entry | None, theirs: Entry | None) -> bool:
    return theirs is None if ours is None else ours.same_content(theirs)
