"""Remembering, across a commit or a pull, which folders are as the new tree has them."""

from __future__ import annotations

import time
from collections.abc import Set

from datavc.versioning.stat_cache import StatCache


def carry_over(cache: StatCache, old_mark: bytes, new_mark: bytes, touched: Set[str]) -> None:
    """Let folders that the old tree held as they are count as held by the new one.

    Args:
        cache: what is remembered.
        old_mark, new_mark: see :func:`datavc.versioning.working_copy.comparison.held_mark`.
        touched: folders in which the trees differ; each ends in a slash, or is empty.
    """
    old, new = cache.read(), cache.write(time.time_ns())
    try:
        for name in old.folders():
            stats = old.folder(name)
            if stats is None:
                continue
            if stats.held == old_mark and name not in touched:
                stats.held = new_mark
            new.add(stats)
        new.close()
    except BaseException:
        new.abort()
        raise
    finally:
        old.close()
