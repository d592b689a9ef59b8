"""A stream of changes that can be looked into ahead of taking them."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from datavc.errors import InvalidInput
from datavc.model.entry import Change, Entry


class ChangeStream:
    """Sorted changes, taken one at a time."""

    def __init__(self, changes: Iterable[Change]) -> None:
        self._rest: Iterator[Change] = iter(changes)
        self._ahead: deque[Change] = deque()
        self._last = ""
        #: The path of the next change, or ``None`` at the end.
        self.next_path: str | None = None
        self._refresh()

    def take(self) -> Entry | None:
        """Take the next change: its entry, or ``None`` for a removal."""
        path, entry = self._ahead.popleft()
        self._last = path
        self._refresh()
        return entry

    def is_clear_until(self, end: str | None) -> bool:
        """Whether no change is left below *end* (``None``: at all)."""
        return self.next_path is None or (end is not None and self.next_path >= end)

    def upcoming(self, prefix: str) -> Iterator[Change]:
        """The changes ahead that start with *prefix*, without taking them.

        They are held in memory from then on, so this is for a folder that is being replaced.
        """
        for change in itertools.chain(tuple(self._ahead), self._further()):
            if change[0].startswith(prefix):
                yield change
            elif change[0] > prefix:
                return

    def replacements(self, paths: Sequence[str], end: str | None) -> list[int] | None:
        """Where in sorted *paths* the changes below *end* put entries, without taking them.

        Returns:
            An index for each change; ``None`` if one of them removes a path, or puts a new one.
        """
        found: list[int] = []
        index = 0
        for path, entry in itertools.chain(tuple(self._ahead), self._further()):
            if end is not None and path >= end:
                break
            index = bisect_left(paths, path, index)
            if entry is None or index == len(paths) or paths[index] != path:
                return None
            found.append(index)
        return found

    def _further(self) -> Iterator[Change]:
        while self._pull():
            yield self._ahead[-1]

    def _refresh(self) -> None:
        self.next_path = self._ahead[0][0] if self._ahead or self._pull() else None
        if self.next_path is not None and self.next_path <= self._last:
            raise InvalidInput(f"changes are not sorted: {self.next_path!r} after {self._last!r}")

    def _pull(self) -> bool:
        change = next(self._rest, None)
        if change is None:
            return False
        self._ahead.append(change)
        return True
