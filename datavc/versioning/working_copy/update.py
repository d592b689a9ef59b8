"""Bringing a working copy from one tree to another, around what was changed in it."""

from __future__ import annotations

import contextlib
import os
import stat
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from datavc.errors import InvalidPath, Unavailable
from datavc.model.commit import TreeRef
from datavc.model.entry import Entry
from datavc.model.tree.diff import diff_trees
from datavc.model.tree.lookup import lookup
from datavc.model.tree.node import NodeSource
from datavc.store.objects import ObjectStore
from datavc.versioning.restore import restore_files
from datavc.versioning.working_copy.comparison import LocalChange

#: Called with the number of files and of bytes done since the last call.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class UpdatePlan:
    """What is to be done, before anything is."""

    #: Paths to remove, and files to write, sorted.
    removed: tuple[str, ...]
    written: tuple[tuple[str, Entry], ...]
    #: Paths that were changed here and there, and differently.
    conflicts: tuple[str, ...]


def plan_update(
    old: TreeRef,
    new: TreeRef,
    prefix: str,
    source: NodeSource,
    local: Mapping[str, LocalChange],
    left: Set[str] = frozenset(),
    *,
    objects: ObjectStore,
    force: bool,
) -> UpdatePlan:
    """How to get from *old*, changed by *local*, to *new*, keeping the local changes.

    Args:
        old: the tree that the working copy was made from.
        new: the one that it shall hold.
        prefix: the folder of both that is meant; ends in a slash, or is empty.
        source: loads their nodes.
        local: the changes in the working copy, by path.
        left: those among them that an interrupted update made, and nobody else.
        objects: tells what external files hold.
        force: give up local changes that stand in the way.
    """
    own = {path: change for path, change in local.items() if path not in left}
    added = sorted(path for path, change in own.items() if change.entry is not None)
    wanted: dict[str, Entry | None] = {}
    conflicts: list[str] = []
    for full, _, entry in diff_trees(old, new, source, prefix):
        path = full[len(prefix) :]
        change = own.get(path)
        if change is not None and change.makes(entry, objects):
            continue
        if not force and (change is not None or _stands_in_the_way(path, entry, own, added)):
            conflicts.append(path)
        else:
            wanted[path] = entry
    for path in left:
        entry = lookup(new, prefix + path, source)
        if not local[path].makes(entry, objects):
            wanted[path] = entry
    return UpdatePlan(
        tuple(sorted(path for path, entry in wanted.items() if entry is None)),
        tuple((path, entry) for path, entry in sorted(wanted.items()) if entry is not None),
        tuple(conflicts),
    )


def apply_update(
    root: Path,
    plan: UpdatePlan,
    new: TreeRef,
    prefix: str,
    source: NodeSource,
    objects: ObjectStore,
    progress: Progress | None,
) -> None:
    """Do what was planned. When it is interrupted, it can be planned and done again.

    Raises:
        InvalidPath: a folder was replaced by a link meanwhile.
        OutOfSpace, Unavailable: the folder cannot take it.
        NotFound, DataCorrupt: the store lacks a part of a file, or has it wrong.
    """
    kept = {
        folder
        for folder in _parents(plan.removed)
        if lookup(new, f"{prefix}{folder}/", source) is not None
    }
    remove_files(root, plan.removed, kept)
    restore_files(objects, plan.written, root, progress=progress)


def remove_files(root: Path, paths: Sequence[str], kept: Collection[str] = ()) -> None:
    """Remove files below *root*, and the folders that become empty.

    Args:
        root: a folder.
        paths: sorted; those that are not there do not matter.
        kept: folders that stay although they are empty.

    Raises:
        InvalidPath: a folder on the way was replaced by a link.
        Unavailable: a file cannot be removed.
    """
    # From the end, so that what is in a folder goes before the folder.
    for path in reversed(paths):
        _remove(root, path)
    for folder in _parents(paths):
        if folder not in kept and _is_inside(root, folder):
            with contextlib.suppress(OSError):
                (root / folder).rmdir()


def _stands_in_the_way(
    path: str, entry: Entry | None, local: Mapping[str, LocalChange], added: Sequence[str]
) -> bool:
    """Whether a local file is where a folder is needed, or the other way round."""
    if entry is None:
        return False
    parts = path.rstrip("/").split("/")
    for depth in range(1, len(parts)):
        change = local.get("/".join(parts[:depth]))
        if change is not None and change.entry is not None:
            return True
    inside = f"{path.rstrip('/')}/"
    if path.endswith("/"):
        change = local.get(path.rstrip("/"))
        return change is not None and change.entry is not None
    at = bisect_left(added, inside)
    return at < len(added) and added[at].startswith(inside)


def _remove(root: Path, path: str) -> None:
    target = root / path
    if not _is_inside(root, path):
        return
    try:
        if path.endswith("/"):
            with contextlib.suppress(OSError):
                target.rmdir()
        elif not target.is_dir() or target.is_symlink():
            target.unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable(f"{str(target)!r} cannot be removed: {error.strerror}") from None


def _is_inside(root: Path, path: str) -> bool:
    """Whether the way to *path* leads through real folders; a link would lead elsewhere."""
    folder = root
    for name in path.rstrip("/").split("/")[:-1]:
        folder = folder / name
        try:
            mode = os.lstat(folder).st_mode
        except FileNotFoundError:
            return False
        if not stat.S_ISDIR(mode):
            raise InvalidPath(
                f"{str(folder)!r} is not a folder any more", hint="move it away, and try again"
            )
    return True


def _parents(paths: Sequence[str]) -> Iterator[str]:
    found: set[str] = set()
    for path in paths:
        folder = path.rstrip("/").rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return iter(sorted(found, reverse=True))
