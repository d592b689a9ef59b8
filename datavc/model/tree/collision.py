"""Refusing trees where a path is a file and a folder at once."""

from __future__ import annotations

from collections.abc import Iterable

from datavc.errors import PathConflict
from datavc.model.commit import TreeRef
from datavc.model.entry import Change
from datavc.model.tree.cursor import Cursor
from datavc.model.tree.lookahead import ChangeStream
from datavc.model.tree.node import NodeSource


class CollisionCheck:
    """Checks the paths that changes put, in order, against the base and against each other.

    Args:
        base: the tree that the changes are applied to.
        source: loads its nodes.
        changes: the changes that are still to come.
    """

    def __init__(self, base: TreeRef, source: NodeSource, changes: ChangeStream) -> None:
        self._cursor = Cursor(base, source)
        self._is_empty = base.location is None
        self._changes = changes
        #: Paths put or removed (``False``) that may be folders of later paths, outermost first.
        self._above: list[tuple[str, bool]] = []
        #: The folder of the last new path, whose files' folders are known to be no files.
        self._folder = ""

    def check_put(self, path: str) -> None:
        """A file that was there is replaced; files put earlier must not be its folders."""
        self._check_above(path)
        self._above.append((path, True))

    def note_removal(self, path: str) -> None:
        """A file of the base goes away, so its path may become a folder."""
        self._drop_passed(path)
        self._above.append((path, False))

    def check_new(self, path: str, following: str | None) -> None:
        """A path that the base does not hold; *following* is the base's next one, if known.

        Raises:
            PathConflict: it is a folder, or one of its folders is a file.
        """
        self._check_above(path)
        if not self._is_empty:
            self._check_folders(path)
            # Every path below `path/` starts with `path`, and so would the base's next one.
            if following is None or following.startswith(path):
                self._check_not_folder(path)
        self._above.append((path, True))

    def _check_above(self, path: str) -> None:
        self._drop_passed(path)
        for above, is_put in self._above:
            if is_put and path[len(above)] == "/":
                raise _conflict(above, path)

    def _drop_passed(self, path: str) -> None:
        above = self._above
        while above and not path.startswith(above[-1][0]):
            above.pop()

    def _check_folders(self, path: str) -> None:
        """No folder of *path* may be a file that the base holds and the changes leave alone."""
        folder = path.rpartition("/")[0]
        if folder == self._folder:
            return
        known, self._folder = self._folder, folder
        end = path.find("/")
        while end >= 0:
            ancestor = path[:end]
            if (
                ancestor != known
                and not known.startswith(f"{ancestor}/")
                and (ancestor, False) not in self._above
                and self._cursor.seek(ancestor) == ancestor
            ):
                raise _conflict(ancestor, path)
            end = path.find("/", end + 1)

    def _check_not_folder(self, path: str) -> None:
        """Nothing below *path* as a folder may stay."""
        prefix = f"{path}/"
        found = self._cursor.seek(prefix)
        if found is None or not found.startswith(prefix):
            return
        removed = {name for name, entry in self._changes.upcoming(prefix) if entry is None}
        while found is not None and found.startswith(prefix):
            if found not in removed:
                raise _conflict(path, found)
            found = self._cursor.advance()


def _conflict(file: str, inside: str) -> PathConflict:
    return PathConflict(
        f"/{file} would be a file and also the folder of /{inside}",
        hint="remove one of them first",
    )


def check_collisions(base: TreeRef, changes: Iterable[Change], source: NodeSource) -> None:
    """Check sorted changes against a tree, without building the new one.

    Raises:
        PathConflict: applying them would make a path a file and a folder.
    """
    stream = ChangeStream(changes)
    check = CollisionCheck(base, source, stream)
    cursor = Cursor(base, source)
    while (path := stream.next_path) is not None:
        entry = stream.take()
        found = cursor.seek(path)
        if found == path:
            if entry is None:
                check.note_removal(path)
            else:
                check.check_put(path)
        elif entry is not None:
            check.check_new(path, found)
