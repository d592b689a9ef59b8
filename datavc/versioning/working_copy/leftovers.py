"""What an interrupted update left in a working copy: not to be taken for somebody's changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from blake3 import blake3

from datavc.model.commit import TreeRef
from datavc.model.entry import Entry, EntryKind
from datavc.model.tree.lookup import lookup
from datavc.model.tree.node import NodeSource
from datavc.store.content import read_content
from datavc.store.objects import ObjectStore
from datavc.versioning.part_file import is_part_name
from datavc.versioning.working_copy.comparison import LocalChange


def find_leftovers(
    base: TreeRef,
    under_way: Sequence[TreeRef],
    prefix: str,
    source: NodeSource,
    objects: ObjectStore,
    local: Mapping[str, LocalChange],
) -> set[str]:
    """The paths among *local* that hold just what an update was bringing in, or a part of it.

    Args:
        base: what the working copy was compared with.
        under_way: the trees that interrupted updates were bringing in.
        prefix: the folder of them that is meant; ends in a slash, or is empty.
        source: loads their nodes.
        objects: where content is.
        local: what differs from *base*, by path.
    """
    return {
        path
        for path, change in local.items()
        for tree in under_way
        if _is_left(base, lookup(tree, prefix + path, source), prefix, source, objects, change)
    }


def _is_left(
    base: TreeRef,
    brought: Entry | None,
    prefix: str,
    source: NodeSource,
    objects: ObjectStore,
    change: LocalChange,
) -> bool:
    if change.makes(brought, objects) or is_part_name(change.path.rpartition("/")[2]):
        return True
    # A small file that replaces none is written in place, so a killed process may leave its start.
    if brought is None or lookup(base, prefix + change.path, source) is not None:
        return False
    return change.entry is not None and _is_start(change.entry, brought, objects)


def _is_start(there: Entry, brought: Entry, objects: ObjectStore) -> bool:
    # External files get their names when they are complete.
    if {there.kind, brought.kind} != {EntryKind.FILE} or there.size >= brought.size:
        return False
    hasher = blake3()
    for piece in read_content(objects, brought, 0, there.size):
        hasher.update(piece)
    return hasher.digest() == there.digest
