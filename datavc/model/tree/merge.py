"""Three-way merge of trees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from datavc.errors import PathConflict
from datavc.model.commit import TreeRef
from datavc.model.entry import Change, Entry
from datavc.model.tree.apply import apply_changes
from datavc.model.tree.clash import Decide, Decision, MergeStrategy, PathClash, undecided
from datavc.model.tree.diff import Difference, diff_trees
from datavc.model.tree.node import NodeSink, NodeSource
from datavc.model.tree.shape import STANDARD_SHAPE, TreeShape


@dataclass(frozen=True, slots=True)
class MergeResult:
    """What a merge came to: *ours* with what *theirs* changed, but for the conflicts."""

    tree: TreeRef
    #: Paths that both sides changed, sorted, and what became of them.
    conflicts: tuple[tuple[PathClash, Decision | None], ...]


def merge_trees(
    base: TreeRef,
    ours: TreeRef,
    theirs: TreeRef,
    source: NodeSource,
    sink: NodeSink,
    shape: TreeShape = STANDARD_SHAPE,
    *,
    decide: Decide = undecided,
) -> MergeResult:
    """Bring the changes from *base* to *theirs* into *ours*, at a cost in proportion to them.

    The same change on both sides is no conflict. Where there is one, the tree holds what *decide*
    says, and our side where it says nothing.
    """
    walk = _Walk(base, ours, theirs, source, decide)
    try:
        tree = apply_changes(ours, walk.changes({}), source, sink, shape)
        may_be_mixed = bool(walk.conflicts)
    except PathConflict:
        may_be_mixed = True
    mixed = walk.mixed() if may_be_mixed else {}
    if mixed:
        tree = apply_changes(ours, walk.changes(mixed), source, sink, shape)
    return MergeResult(tree, tuple(walk.conflicts))


class _Walk:
    """Both sides' changes, path by path."""

    def __init__(
        self, base: TreeRef, ours: TreeRef, theirs: TreeRef, source: NodeSource, decide: Decide
    ) -> None:
        self._base = base
        self._ours = ours
        self._theirs = theirs
        self._source = source
        self._decide = decide
        self.conflicts: list[tuple[PathClash, Decision | None]] = []

    def changes(self, mixed: Mapping[str, PathClash]) -> Iterator[Change]:
        """What our side needs.

        Args:
            mixed: paths that are a file on one side and a folder on the other; each is decided as
                a whole.
        """
        self.conflicts.clear()
        decided: dict[str, Decision | None] = {}
        for path, our, their in self._both():
            top = _top_of(path, mixed) if mixed else None
            if top is not None:
                if top not in decided:
                    decided[top] = self._settle(mixed[top])
                if decided[top] is MergeStrategy.THEIRS:
                    yield path, _end_of(their, our)
            elif their is None:
                continue
            elif our is None:
                yield path, their[2]
            elif not _is_alike(our[2], their[2]):
                decision = self._settle(PathClash(path, their[1], our[2], their[2]))
                if decision is MergeStrategy.THEIRS:
                    yield path, their[2]
                elif isinstance(decision, Entry):
                    yield path, decision

    def mixed(self) -> dict[str, PathClash]:
        """The paths that one side made a file and the other a folder."""
        found: dict[str, PathClash] = {}
        above: list[PathClash] = []
        for path, our, their in self._both():
            while above and not path.startswith(above[-1].path):
                above.pop()
            makes_ours, makes_theirs = _makes(our), _makes(their)
            for file in above:
                folder = _folder_side(file, makes_ours, makes_theirs)
                if folder is not None and path[len(file.path)] == "/":
                    found[file.path] = replace(file, folder=folder)
            if makes_ours or makes_theirs:
                above.append(_as_clash(path, our, their))
        return found

    def _settle(self, clash: PathClash) -> Decision | None:
        decision = self._decide(clash)
        self.conflicts.append((clash, decision))
        return decision

    def _both(self) -> Iterator[tuple[str, Difference | None, Difference | None]]:
        our_changes = diff_trees(self._base, self._ours, self._source)
        their_changes = diff_trees(self._base, self._theirs, self._source)
        our, their = next(our_changes, None), next(their_changes, None)
        while our is not None or their is not None:
            if our is not None and (their is None or our[0] < their[0]):
                yield our[0], our, None
                our = next(our_changes, None)
            elif their is not None and (our is None or their[0] < our[0]):
                yield their[0], None, their
                their = next(their_changes, None)
            elif our is not None:
                yield our[0], our, their
                our, their = next(our_changes, None), next(their_changes, None)


def _top_of(path: str, mixed: Mapping[str, PathClash]) -> str | None:
    end = path.find("/")
    while end >= 0:
        if path[:end] in mixed:
            return path[:end]
        end = path.find("/", end + 1)
    return path if path in mixed else None


def _end_of(their: Difference | None, our: Difference | None) -> Entry | None:
    """What their side holds, where at least one side has changed it."""
    if their is not None:
        return their[2]
    return None if our is None else our[1]


def _makes(change: Difference | None) -> bool:
    return change is not None and change[2] is not None


def _as_clash(path: str, our: Difference | None, their: Difference | None) -> PathClash:
    either = our or their
    old = None if either is None else either[1]
    return PathClash(path, old, _end_of(our, their), _end_of(their, our))


def _folder_side(file: PathClash, makes_ours: bool, makes_theirs: bool) -> MergeStrategy | None:
    """Which side has a folder where the other has *file*, given who made a path below it."""
    if makes_theirs and file.ours is not None and file.theirs is None:
        return MergeStrategy.THEIRS
    if makes_ours and file.theirs is not None and file.ours is None:
        return MergeStrategy.OURS
    return None


def _is_alike(ours: Entry | None, theirs: Entry | None) -> bool:
    return theirs is None if ours is None else ours.same_content(theirs)
