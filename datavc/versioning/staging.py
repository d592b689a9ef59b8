"""Staging: change sets that were put on a branch and wait for the commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from datavc.db import branches, commits, packs
from datavc.db import staging as rows
from datavc.db.clock import now_us
from datavc.db.repos import RepoRow
from datavc.model.change_set import StagedRecord, merge_change_sets, read_change_set
from datavc.model.commit import TreeRef
from datavc.model.repo import StagedChange
from datavc.model.tree.collision import check_collisions
from datavc.model.tree.empty import EMPTY_TREE
from datavc.versioning.branches import find_branch
from datavc.versioning.repos import check_no_pipeline_writes, find_repo
from datavc.versioning.versioned_store import VersionedStore

#: How often a change set is checked while others may go on, before they are made to wait.
_TRIES = 5

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
        Collected: content that the change set relies on is gone; store it again.
    """
    # Those who only look at what is staged do without.
    from datavc.versioning.relied_packs import packs_of_change_set, relying_on

    needed = packs_of_change_set(vs, record)
    with relying_on(vs, needed):
        return _stage(vs, repo, branch, record, needed, author, extra)


def _stage(
    vs: VersionedStore,
    repo: str,
    branch: str,
    record: StagedRecord,
    needed: set[bytes],
    author: str,
    extra: Extra | None,
) -> StagedChange:
    for _ in range(_TRIES):
        with vs.db.read() as conn:
            base = _read_base(conn, repo, branch)
        _check(vs, base, record)
        with vs.db.write() as conn:
            if _lock_base(conn, repo, branch) == base:
                packs.check_unmoved(conn, needed)
                return _add(conn, base, branch, record, author, extra)
    # Others are faster time and again: they wait while this one is checked.
    with vs.db.write() as conn:
        base = _lock_base(conn, repo, branch)
        _check(vs, base, record)
        packs.check_unmoved(conn, needed)
        return _add(conn, base, branch, record, author, extra)


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
        return list(_read_base(conn, repo, branch).staged)


@dataclass(frozen=True, slots=True)
class _Base:
    """What a change set is put on."""

    repo: RepoRow
    tree: TreeRef
    staged: tuple[rows.StagedRow, ...]


def _read_base(conn: Connection, repo: str, branch: str) -> _Base:
    row = find_repo(conn, repo)
    head = find_branch(conn, row, branch).head
    commit = None if head is None else commits.find(conn, head)
    tree = EMPTY_TREE if commit is None else commit.tree
    return _Base(row, tree, tuple(rows.list_staged(conn, row.id, branch)))


def _lock_base(conn: Connection, repo: str, branch: str) -> _Base:
    """What stays as it is until the end of this transaction."""
    branches.lock(conn, find_repo(conn, repo).id, branch)
    check_no_pipeline_writes(conn, repo)
    return _read_base(conn, repo, branch)


def _check(vs: VersionedStore, base: _Base, record: StagedRecord) -> None:
    records = [*(one.record for one in base.staged), record]
    streams = [read_change_set(one.location, one.digest, vs.nodes) for one in records]
    check_collisions(base.tree, merge_change_sets(streams), vs.nodes)


def _add(
    conn: Connection,
    base: _Base,
    branch: str,
    record: StagedRecord,
    author: str,
    extra: Extra | None,
) -> StagedChange:
    change = rows.add(conn, base.repo.id, branch, record, author=author, time_us=now_us())
    if extra is not None:
        extra(conn, change)
    return change
