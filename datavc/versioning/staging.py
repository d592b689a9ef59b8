"""Staging: change sets that were put on a branch and wait for the commit."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from datavc.db import staging as rows
from datavc.db.clock import now_us
from datavc.model.change_set import StagedRecord, merge_change_sets, read_change_set
from datavc.model.repo import StagedChange
from datavc.model.tree.collision import check_collisions
from datavc.versioning.branches import find_branch
from datavc.versioning.repos import check_no_pipeline_writes, find_repo
from datavc.versioning.resolve import get_tree
from datavc.versioning.versioned_store import VersionedStore

#: Run in the transaction that stages a change set.
Extra = Callable[[Connection, StagedChange], None]


def stage(
    vs: VersionedStore,
    repo: str,
    branch: str,
    record: StagedRecord,
    *,
    author: str,
    extra: Extra | None = None,
) -> StagedChange:
    """Put a stored change set behind what is staged on a branch.

    *extra* runs in the same transaction; if it raises, nothing is staged.

    Raises:
        NotFound: there is no such repo or branch.
        PathConflict: with what is there and staged, a path would be a file and a folder.
        Conflict: a pipeline writes the repo.
    """
    staged = [*staged_records(vs, repo, branch), record]
    streams = [read_change_set(one.location, one.digest, vs.nodes) for one in staged]
    check_collisions(get_tree(vs, repo, branch), merge_change_sets(streams), vs.nodes)
    with vs.db.write() as conn:
        row = find_repo(conn, repo)
        check_no_pipeline_writes(conn, repo)
        find_branch(conn, row, branch)
        change = rows.add(conn, row.id, branch, record, author=author, time_us=now_us())
        if extra is not None:
            extra(conn, change)
        return change


def list_staged(vs: VersionedStore, repo: str, branch: str) -> list[StagedChange]:
    """What is staged on a branch, the oldest first.

    Raises:
        NotFound: there is no such repo or branch.
    """
    return [one.change for one in _rows(vs, repo, branch)]


def staged_records(vs: VersionedStore, repo: str, branch: str) -> list[StagedRecord]:
    """Where the change sets staged on a branch lie, the oldest first.

    Raises:
        NotFound: there is no such repo or branch.
    """
    return [one.record for one in _rows(vs, repo, branch)]


def _rows(vs: VersionedStore, repo: str, branch: str) -> list[rows.StagedRow]:
    with vs.db.read() as conn:
        row = find_repo(conn, repo)
        find_branch(conn, row, branch)
        return rows.list_staged(conn, row.id, branch)
