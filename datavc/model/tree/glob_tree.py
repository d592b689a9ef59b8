"""Files and folders of a tree that match a glob pattern."""

from __future__ import annotations

from collections.abc import Iterator

from datavc.model.commit import TreeRef
from datavc.model.entry import Entry
from datavc.model.glob import Glob
from datavc.model.tree.cursor import Cursor
from datavc.model.tree.lookup import find_file, is_folder
from datavc.model.tree.node import NodeSource
from datavc.model.tree.scan import scan

#: A folder's path without its slash and ``None``, or a file's path and its entry.
Found = tuple[str, Entry | None]


def glob_tree(tree: TreeRef, source: NodeSource, pattern: str) -> Iterator[Found]:
    """Matches of *pattern* in the order of their paths.

    A pattern matches files and folders, and steps over what is inside a folder that it cannot
    match deeper; but one with ``**`` or with a slash inside ``*(..)`` or ``+(..)`` matches files
    only. The empty pattern and ``/`` match the root, given as ``("", None)``.

    Raises:
        InvalidInput: *pattern* is malformed.
    """
    glob = Glob(pattern.rstrip("/"))
    if not glob.depth:
        yield "", None
    elif glob.is_literal:
        yield from _literal(tree, source, glob.prefix)
    elif glob.is_deep:
        for path, entry in scan(tree, source, glob.prefix):
            if not path.endswith("/") and glob.match(path) is not None:
                yield path, entry
    else:
        yield from _shallow(tree, source, glob)


def _literal(tree: TreeRef, source: NodeSource, path: str) -> Iterator[Found]:
    entry = find_file(tree, path, source)
    if entry is not None or is_folder(tree, path, source):
        yield path, entry


def _shallow(tree: TreeRef, source: NodeSource, glob: Glob) -> Iterator[Found]:
    cursor = Cursor(tree, source)
    path = cursor.seek(glob.prefix)
    before = ""
    while path is not None and path.startswith(glob.prefix):
        parts = path.split("/", glob.depth)
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            if not before.startswith(f"{folder}/") and glob.match(folder) is not None:
                yield folder, None
        before = path
        if len(parts) > glob.depth:
            path = cursor.seek(f"{'/'.join(parts[:-1])}0")
            continue
        if glob.match(path) is not None:
            yield path, cursor.entry()
        path = cursor.advance()
