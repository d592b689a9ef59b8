"""The history of a commit: its first parents, the newest first."""

from __future__ import annotations

from collections.abc import Iterator

from datavc.db import branches, commits
from datavc.model.commit_info import CommitInfo
from datavc.versioning.repos import find_repo
from datavc.versioning.resolve import resolve_id
from datavc.versioning.versioned_store import VersionedStore

_PAGE = 100


def log(vs: VersionedStore, repo: str, ref: str, limit: int | None = None) -> Iterator[CommitInfo]:
    """The commit that *ref* names and its first parents; nothing for a branch without commits.

    Raises:
        NotFound, Conflict, InvalidAddress: as :func:`datavc.versioning.resolve.get_commit`.
    """
    with vs.db.read() as conn:
        row = find_repo(conn, repo)
        branch = branches.find(conn, row.id, ref)
        if branch is not None and branch.head is None:
            return
        following: str | None = resolve_id(conn, row, ref)
    left = limit
    while following is not None and left != 0:
        with vs.db.read() as conn:
            size = _PAGE if left is None else min(_PAGE, left)
            page = commits.log(conn, following, limit=size)
        yield from page
        left = None if left is None else left - len(page)
        following = page[-1].parents[0] if page and page[-1].parents else None
