"""Making a target hold what a commit holds, whatever earlier exports have left there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from datavc.errors import Conflict, Expired, InvalidPath, NotFound
from datavc.model.commit import TreeRef
from datavc.model.entry import Entry
from datavc.model.tree.diff import diff_trees
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.lookup import lookup
from datavc.versioning.export.state import STATE_NAME, ExportState
from datavc.versioning.export.target import ExportTarget
from datavc.versioning.nodes import NodeStore
from datavc.versioning.restore import Progress


@dataclass(frozen=True, slots=True)
class MirrorSource:
    """What is to be at the target."""

    repo: str
    commit: str
    tree: TreeRef
    #: The folder of the repo; ends in a slash, or is empty for all.
    prefix: str
    nodes: NodeStore
    #: Gives the tree of a commit of a repo.
    trees: Callable[[str, str], TreeRef]


@dataclass(frozen=True, slots=True)
class MirrorPlan:
    """What there is to do at the target."""

    source: MirrorSource
    #: What was exported there last.
    before: ExportState
    written: list[tuple[str, Entry]]
    removed: list[str]

    def carry_out(self, target: ExportTarget, progress: Progress | None = None) -> None:
        """Do it; what is interrupted is completed by the next export.

        Args:
            target: the one that it was planned for.
            progress: called with the numbers of files and of bytes done since the last call.

        Raises:
            InvalidPath: a name cannot be kept there.
            OutOfSpace, StoreUnavailable, AccessDenied: what the target says.
        """
        source, before = self.source, self.before
        begun = tuple(dict.fromkeys((*before.under_way, source.commit)))
        if before.repo == source.repo and before.prefix == source.prefix:
            target.write_state(msgspec.structs.replace(before, under_way=begun))
        target.remove(self.removed)
        target.write(self.written, progress)
        target.write_state(ExportState(source.repo, source.commit, source.prefix))


def plan_mirror(
    source: MirrorSource, target: ExportTarget, name: str, *, force: bool = False
) -> MirrorPlan:
    """Find out what is to be written and removed.

    Args:
        source: what is to be there.
        target: where.
        name: what to call the target in errors.
        force: use a target that holds another repo's or folder's export.

    Raises:
        Conflict: the target holds another repo's or folder's export.
        InvalidPath: the commit holds a file of the name that the target's state has.
        StoreUnavailable, AccessDenied: what the target says.
    """
    repo, prefix = source.repo, source.prefix
    if lookup(source.tree, prefix + STATE_NAME, source.nodes) is not None:
        raise InvalidPath(
            f"'/{prefix}{STATE_NAME}' cannot be exported: a file of that name says at the "
            "target what an export wrote",
            hint="export another folder, or use `datavc get`",
        )
    before = target.read_state() or ExportState(repo, None, prefix)
    if (before.repo, before.prefix) != (repo, prefix) and not force:
        raise Conflict(
            f"{name!r} holds an export of {before.repo}:/{before.prefix}",
            hint="name another target, or replace that by `datavc export --force`",
        )
    written, removed = _differences(source, before)
    return MirrorPlan(source, before, written, removed)


def _differences(
    source: MirrorSource, before: ExportState
) -> tuple[list[tuple[str, Entry]], list[str]]:
    """What to write and to remove, whatever of earlier exports is there."""
    is_same_place = (before.repo, before.prefix) == (source.repo, source.prefix)
    wanted: dict[str, Entry | None] = {}
    for commit in (before.commit, *before.under_way):
        there = _exported(source, before.repo, commit)
        if is_same_place:
            wanted |= _difference(source, there, source.tree, source.prefix)
        else:
            wanted |= _difference(source, there, EMPTY_TREE, before.prefix)
    if not is_same_place:
        wanted |= _difference(source, EMPTY_TREE, source.tree, source.prefix)
    paths = sorted(wanted.items())
    written = [(path, entry) for path, entry in paths if entry is not None]
    return written, [path for path, entry in paths if entry is None]


def _exported(source: MirrorSource, repo: str, commit: str | None) -> TreeRef:
    """The tree of an earlier export; nothing is known of one that was given up."""
    if commit is None:
        return EMPTY_TREE
    try:
        return source.trees(repo, commit)
    except (NotFound, Expired):
        return EMPTY_TREE


def _difference(
    source: MirrorSource, old: TreeRef, new: TreeRef, prefix: str
) -> dict[str, Entry | None]:
    found = diff_trees(old, new, source.nodes, prefix)
    return {path[len(prefix) :]: entry for path, _, entry in found}
