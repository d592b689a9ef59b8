"""Ordered reading: every file below a prefix, or one folder level at a time."""

from __future__ import annotations

from collections.abc import Iterator

from datavc.model.commit import TreeRef
from datavc.model.entry import Entry
from datavc.model.file_info import FileInfo
from datavc.model.tree.cursor import Cursor
from datavc.model.tree.node import NodeSource

#: The character that follows ``/``: the first key behind a folder is the folder's name and this.
_AFTER_SLASH = "0"


def scan(
    tree: TreeRef, source: NodeSource, prefix: str = "", start_after: str = ""
) -> Iterator[tuple[str, Entry]]:
    """Entries whose path starts with *prefix* and is above *start_after*, sorted by path.

    The path of a mark that keeps an empty folder ends in a slash.
    """
    cursor = Cursor(tree, source)
    path = cursor.seek(max(prefix, f"{start_after}\0" if start_after else ""))
    while path is not None and (leaf := cursor.leaf) is not None:
        if leaf.paths[-1].startswith(prefix) and cursor.index == 0:
            yield from zip(leaf.paths, leaf.entries(), strict=True)
        else:
            for index in range(cursor.index, len(leaf.paths)):
                if not leaf.paths[index].startswith(prefix):
                    return
                yield leaf.paths[index], leaf.entry(index)
        path = cursor.next_leaf()


def list_folder(
    tree: TreeRef,
    source: NodeSource,
    prefix: str = "",
    delimiter: str = "/",
    start_after: str = "",
) -> Iterator[FileInfo]:
    """One level of files and folders, sorted; steps over what is inside the folders.

    Args:
        tree: where to look.
        source: loads its nodes.
        prefix: what paths start with; end it with ``/`` for the inside of a folder.
        delimiter: what ends a level; ``""`` lists every file below *prefix*.
        start_after: leave out all up to this path, and a folder of that name with all it holds.
    """
    cursor = Cursor(tree, source)
    path = cursor.seek(max(prefix, _behind(start_after)))
    while path is not None and path.startswith(prefix):
        end = path.find(delimiter, len(prefix)) if delimiter else -1
        if end < 0 and path == prefix and path.endswith("/"):
            # The mark of the folder itself.
            path = cursor.advance()
        elif end < 0:
            yield file_info(path, cursor.entry())
            path = cursor.advance()
        else:
            folder = path[: end + 1]
            yield FileInfo(folder, 0, "")
            path = cursor.seek(_behind(folder))


def file_info(path: str, entry: Entry) -> FileInfo:
    """What people see of an entry."""
    if path.endswith("/"):
        return FileInfo(path, 0, "")
    return FileInfo(path, entry.size, entry.digest.hex(), entry.executable, entry.kind)


def _behind(path: str) -> str:
    """The first key that is neither *path* nor inside it."""
    if not path:
        return ""
    return path[:-1] + _AFTER_SLASH if path.endswith("/") else f"{path}\0"
