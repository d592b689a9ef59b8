"""Branch protection: what may be done to some branches only by a merge, or not at all.

It holds in the transaction that changes the branch, whoever asks for it. Pipelines write their own
outputs all the same.
"""

from __future__ import annotations

from sqlalchemy import Connection

from datavc.db import protections as rows
from datavc.db.clock import now_us
from datavc.errors import NotFound, Protected
from datavc.model.glob import Glob
from datavc.model.repo import Protection
from datavc.versioning.repos import find_repo
from datavc.versioning.versioned_store import VersionedStore


def protect(
    vs: VersionedStore, repo: str, pattern: str, *, author: str, allow_commits: bool = False
) -> Protection:
    """Let branches that match *pattern* be changed by merges only.

    Args:
        vs: where.
        repo: the repo.
        pattern: glob over branch names.
        author: who asks for it.
        allow_commits: let commits be made on them; they cannot be moved or deleted, though.

    Raises:
        NotFound: there is no such repo.
        InvalidInput: the pattern is malformed.
    """
    Glob(pattern)
    rule = Protection(repo, pattern, allow_commits, author, now_us())
    with vs.db.write() as conn:
        rows.put(conn, find_repo(conn, repo).id, rule)
    return rule


def unprotect(vs: VersionedStore, repo: str, pattern: str) -> None:
    """Drop a rule.

    Raises:
        NotFound: there is no such repo or rule.
    """
    with vs.db.write() as conn:
        if not rows.remove(conn, find_repo(conn, repo).id, pattern):
            raise NotFound(
                f"no branches {pattern!r} of repo {repo!r} are protected",
                hint=f"see `datavc branch protections {repo}`",
            )


def list_protections(vs: VersionedStore, repo: str) -> list[Protection]:
    """The rules of a repo, by pattern.

    Raises:
        NotFound: there is no such repo.
    """
    with vs.db.read() as conn:
        return rows.list_rules(conn, find_repo(conn, repo).id)


def check_may_commit(conn: Connection, repo_id: int, branch: str) -> None:
    """Make sure that a commit may be made on a branch by hand.

    Raises:
        Protected: it may not.
    """
    for rule in _rules(conn, repo_id, branch):
        if not rule.allow_commits:
            raise Protected(
                f"branch {branch!r} of repo {rule.repo!r} is protected: it takes merges only",
                hint="commit to another branch, and merge that",
            )


def check_may_move(conn: Connection, repo_id: int, branch: str) -> None:
    """Make sure that a branch may be moved or deleted.

    Raises:
        Protected: it may not.
    """
    for rule in _rules(conn, repo_id, branch):
        raise Protected(
            f"branch {branch!r} of repo {rule.repo!r} is protected: "
            "it cannot be moved, undone or deleted",
            hint=f"`datavc branch unprotect {rule.repo} {rule.pattern!r}` lifts that",
        )


def _rules(conn: Connection, repo_id: int, branch: str) -> list[Protection]:
    found = rows.list_rules(conn, repo_id)
    return [rule for rule in found if Glob(rule.pattern).match(branch) is not None]
