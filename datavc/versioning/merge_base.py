"""The commit where two histories parted."""

from __future__ import annotations

import heapq

from sqlalchemy import Connection

from datavc.db import commits
from datavc.versioning.repos import find_repo
from datavc.versioning.resolve import resolve_id
from datavc.versioning.versioned_store import VersionedStore

_OURS, _THEIRS, _STALE = 1, 2, 4


def find_merge_base(vs: VersionedStore, repo: str, left: str, right: str) -> str | None:
    """As :func:`merge_base`, of two refs of a repo.

    Raises:
        NotFound: there is no such repo or ref.
    """
    with vs.db.read() as conn:
        row = find_repo(conn, repo)
        return merge_base(conn, resolve_id(conn, row, left), resolve_id(conn, row, right))


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
