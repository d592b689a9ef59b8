"""A branch as its next commit would see it: the head's tree with the staged changes on top."""

from __future__ import annotations

import heapq
from itertools import groupby
from typing import TYPE_CHECKING

from datavc.model.change_set import merge_change_sets, read_change_set
from datavc.model.entry import EntryKind
from datavc.model.ids import DIGEST_SIZE
from datavc.model.tree.columns import flags_of
from datavc.model.tree.cursor import Cursor
from datavc.model.tree.scan import scan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datavc.model.change_set import StagedRecord
    from datavc.model.commit import TreeRef
    from datavc.model.entry import Change, Entry
    from datavc.model.tree.node import NodeSource


class BranchView:
    """What a branch holds, committed and staged."""

    def __init__(
        self, tree: TreeRef, source: NodeSource, staged: Sequence[StagedRecord] = ()
    ) -> None:
        self.tree = tree
        self.source = source
        self.staged = tuple(staged)

    def staged_changes(self) -> Iterator[Change]:
        """The staged changes, merged and sorted."""
        return merge_change_sets(
            [read_change_set(one.location, one.digest, self.source) for one in self.staged]
        )

    def files(self, prefix: str = "") -> Iterator[tuple[str, Entry]]:
        """Files whose path starts with *prefix*, sorted."""
        committed = ((path, 1, entry) for path, entry in scan(self.tree, self.source, prefix))
        staged = (
            (path, 0, entry) for path, entry in self.staged_changes() if path.startswith(prefix)
        )
        merged = heapq.merge(staged, committed, key=_path_and_age)
        for path, same_path in groupby(merged, key=_path):
            entry = next(same_path)[2]
            if entry is not None:
                yield path, entry

    def holds(self) -> HeldFiles:
        """Questions about single files, asked in the order of their paths."""
        return HeldFiles(self)


class HeldFiles:
    """Says whether a branch holds a file unchanged. Paths must be asked for in order."""

    def __init__(self, view: BranchView) -> None:
        self._cursor = Cursor(view.tree, view.source)
        self._staged = view.staged_changes() if view.staged else iter(())
        self._next: Change | None = next(self._staged, None)
        self._is_empty = view.tree.location is None

    def same(
        self,
        path: str,
        size: int,
        digest: bytes,
        *,
        executable: bool,
        kind: EntryKind = EntryKind.FILE,
    ) -> bool:
        """Whether the branch holds exactly this content at *path*."""
        staged = self._staged_at(path)
        if staged is not None:
            entry = staged[1]
            wanted = (size, digest, executable, kind)
            return (
                entry is not None
                and (entry.size, entry.digest, entry.executable, entry.kind) == wanted
            )
        if self._is_empty or self._cursor.seek(path) != path:
            return False
        leaf, index = self._cursor.leaf, self._cursor.index
        if leaf is None:
            return False
        columns = leaf.columns
        return (
            columns.sizes[index] == size
            and columns.digests[index * DIGEST_SIZE : (index + 1) * DIGEST_SIZE] == digest
            and columns.flags[index] == flags_of(kind, executable=executable)
        )

    def _staged_at(self, path: str) -> Change | None:
        while self._next is not None and self._next[0] < path:
            self._next = next(self._staged, None)
        return self._next if self._next is not None and self._next[0] == path else None


def _path_and_age(item: tuple[str, int, Entry | None]) -> tuple[str, int]:
    return item[0], item[1]


def _path(item: tuple[str, int, Entry | None]) -> str:
    return item[0]
