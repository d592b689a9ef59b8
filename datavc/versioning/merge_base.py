"""The commit where two histories parted."""

from __future__ import annotations

import heapq

from sqlalchemy import Connection

from datavc.db import commits

_OURS, _THEIRS, _STALE = 1, 2, 4


def merge_base(conn: Connection, ours: str, theirs: str) -> str | None:
    """The newest commit that is an ancestor of both, or one of them; ``None`` for none.

    Where histories have crossed there are several that are no ancestors of each other: the newest
    of them is taken. Commits are walked back by time, the newest first, so that little more than
    what lies between the two and their base is read.
    """
    flags: dict[str, int] = {}
    queue: list[tuple[int, str]] = []

    def mark(commit: str, flag: int) -> None:
        before = flags.get(commit, 0)
        if before | flag != before:
            flags[commit] = before | flag
            found = commits.find(conn, commit)
            if found is not None:
                heapq.heappush(queue, (-found.time_us, commit))

    mark(ours, _OURS)
    mark(theirs, _THEIRS)
    best: str | None = None
    while any(not flags[commit] & _STALE for _, commit in queue):
        _, commit = heapq.heappop(queue)
        flag = flags[commit]
        if flag & (_OURS | _THEIRS) == _OURS | _THEIRS:
            if best is None and not flag & _STALE:
                best = commit
            flag |= _STALE
        found = commits.find(conn, commit)
        for parent in found.parents if found is not None else ():
            mark(parent, flag)
    return best
