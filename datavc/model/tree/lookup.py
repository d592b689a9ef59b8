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


def find_file(tree: TreeRef, path: str, source: NodeSource) -> Entry | None:
    """The file at *path*, or ``None``, as for the root and for any path that ends in a slash."""
    return None if not path or path.endswith("/") else lookup(tree, path, source)


def is_folder(tree: TreeRef, path: str, source: NodeSource) -> bool:
    """Whether *path* is a folder (``""`` is the root, which is always a folder)."""
    if not path:
        return True
    prefix = path if path.endswith("/") else f"{path}/"
    found = Cursor(tree, source).seek(prefix)
    return found is not None and found.startswith(prefix)
