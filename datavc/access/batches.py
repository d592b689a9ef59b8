"""Long lists, read from the database bit by bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

#: Rows that are read at once, unless somebody wants fewer.
BATCH = 1000


def in_batches(read: Callable[[Item | None], list[Item]], batch: int) -> Iterator[Item]:
    """All items of a list.

    Args:
        read: gives the next ones past the last one that is known, at most *batch*.
        batch: fewer than that are the end.
    """
    last: Item | None = None
    while True:
        found = read(last)
        yield from found
        if len(found) < batch:
            return
        last = found[-1]
