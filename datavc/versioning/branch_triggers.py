"""Triggers on branches: giving a branch one, and finding out whether it fires."""

from __future__ import annotations

from sqlalchemy import Connection

from datavc.db import branch_triggers as rows
from datavc.db import commits
from datavc.db.branch_triggers import TriggerRow
from datavc.db.clock import now_us
from datavc.errors import InvalidInput, NotFound
from datavc.model.branch_trigger import BranchTrigger
from datavc.model.commit import TreeRef
from datavc.model.cron_schedule import CronSchedule
from datavc.model.tree.diff import diff_trees
from datavc.model.tree.empty import EMPTY_TREE
from datavc.versioning.branches import find_branch
from datavc.versioning.repos import check_no_pipeline_writes, find_repo
from datavc.versioning.versioned_store import VersionedStore


def set_trigger(vs: VersionedStore, repo: str, branch: str, trigger: BranchTrigger) -> None:
    """Let a branch follow another one; in place of the trigger that it may have.

    Raises:
        NotFound: there is no such repo, or one of the branches is not there.
        InvalidInput: they are one branch, or follow each other.
        Conflict: a pipeline writes the repo.
    """
    with vs.db.write() as conn:
        check_no_pipeline_writes(conn, repo)
        add_trigger(conn, repo, branch, trigger)


def add_trigger(conn: Connection, repo: str, branch: str, trigger: BranchTrigger) -> None:
    """See :func:`set_trigger`; in the caller's transaction, whoever writes the repo."""
    row = find_repo(conn, repo)
    for name in (branch, trigger.source):
        find_branch(conn, row, name)
    _check_no_circle(conn, repo, branch, trigger.source)
    now = now_us()
    rows.put(conn, TriggerRow(row.id, repo, branch, trigger, now, next_time(trigger, now)))


def remove_trigger(vs: VersionedStore, repo: str, branch: str) -> None:
    """Take a branch's trigger away.

    Raises:
        NotFound: there is no such repo, or the branch has no trigger.
    """
    with vs.db.write() as conn:
        if not rows.remove(conn, find_repo(conn, repo).id, branch):
            raise NotFound(
                f"branch {branch!r} of repo {repo!r} has no trigger",
                hint=f"see `datavc branch triggers {repo}`",
            )


def list_triggers(vs: VersionedStore, repo: str) -> dict[str, BranchTrigger]:
    """The triggers of a repo, by branch.

    Raises:
        NotFound: there is no such repo.
    """
    with vs.db.read() as conn:
        find_repo(conn, repo)
        return {row.branch: row.trigger for row in rows.list_of(conn, repo)}


def next_time(trigger: BranchTrigger, time_us: int) -> int | None:
    """When a trigger by the clock fires next, after *time_us*."""
    return CronSchedule(trigger.cron).next_after(time_us) if trigger.cron else None


def changed_bytes(vs: VersionedStore, old: TreeRef, new: TreeRef) -> int:
    """Bytes of all files that two trees do not hold alike; of two versions, the larger one's."""
    return sum(
        max(0 if entry is None else entry.size for entry in (before, after))
        for _, before, after in diff_trees(old, new, vs.nodes)
    )


def tree_of(conn: Connection, commit_id: str | None) -> TreeRef:
    """The tree of a commit; the empty one for none."""
    commit = None if commit_id is None else commits.find(conn, commit_id)
    return EMPTY_TREE if commit is None else commit.tree


def commits_since(conn: Connection, old: str | None, new: str, enough: int) -> int:
    """How many commits lie between *old* and *new*, along first parents; at most *enough*."""
    line = [info.id for info in commits.log(conn, new, limit=enough)]
    return line.index(old) if old in line else len(line)


def _check_no_circle(conn: Connection, repo: str, branch: str, source: str) -> None:
    sources = {row.branch: row.trigger.source for row in rows.list_of(conn, repo)}
    sources[branch] = source
    seen = [branch]
    while seen[-1] in sources:
        seen.append(sources[seen[-1]])
        if seen[-1] == branch:
            raise InvalidInput(
                f"branch {branch!r} would follow itself: {' <- '.join(seen)}",
                hint="let it follow another branch",
            )
