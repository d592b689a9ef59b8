"""Point lookups."""

from __future__ import annotations

from datavc.model.commit import TreeRef
from datavc.model.entry import Entry
from datavc.model.tree.cursor import Cursor
from datavc.model.tree.node import NodeSource


def lookup(tree: TreeRef, path: str, source: NodeSource) -> Entry | None:
    """The entry at *path*, or ``None``. Reads one node of each level."""
    cursor = Cursor(tree, source)
    return cursor.entry() if cursor.seek(path) == path else None


def is_folder(tree: TreeRef, path: str, source: NodeSource) -> bool:
    """Whether there are files below *path* (``""`` is the root, which is always a folder)."""
    if not path:
        return True
    prefix = path if path.endswith("/") else f"{path}/"
    found = Cursor(tree, source).seek(prefix)
    return found is not None and found.startswith(prefix)
