"""Remembering, across a commit or a pull, what of each folder is as the new tree has it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Set

from datavc.versioning.stat_cache import StatCache


def carry_over(
    cache: StatCache, old_mark: bytes, new_mark: bytes, touched: Mapping[str, Set[str]]
) -> None:
    """Let what was compared with the old tree count as compared with the new one.

    Args:
        cache: what is remembered.
        old_mark, new_mark: see :func:`datavc.versioning.working_copy.comparison.tree_mark`.
        touched: where the trees differ, as :func:`touched_names` tells.
    """
    old, new = cache.read(), cache.write(time.time_ns())
    try:
        for name in old.folders():
            stats = old.folder(name)
            if stats is None:
                continue
            if stats.tree_mark == old_mark:
                stats.tree_mark = new_mark
                stats.differing = sorted({*stats.differing, *touched.get(name, ())})
            new.add(stats)
        new.close()
    except BaseException:
        new.abort()
        raise
    finally:
        old.close()


def touched_names(paths: Iterable[str]) -> dict[str, set[str]]:
    """The names on the way to *paths*, by the folder that they are in.

    Folders, and the names of folders, end in a slash; the top one is empty.
    """
    found: dict[str, set[str]] = {}
    for path in paths:
        below = path
        while below:
            folder = below[: below.rstrip("/").rfind("/") + 1]
            names = found.setdefault(folder, set())
            if below[len(folder) :] in names:
                break
            names.add(below[len(folder) :])
            below = folder
    return found
