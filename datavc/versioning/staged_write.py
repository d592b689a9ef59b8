"""Staging one change set after another on a branch, each at the cost of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from datavc.db import branches, packs
from datavc.db import staging as rows
from datavc.db.clock import now_us
from datavc.errors import LostRace
from datavc.model.change_set import StagedRecord, read_change_set
from datavc.model.repo import StagedChange
from datavc.model.tree.collision import check_collisions
from datavc.versioning.branch_trees import (
    BranchPlace,
    BranchTree,
    BranchTrees,
    BranchVersion,
    PlaceT,
    StagedTrees,
)
from datavc.versioning.relied_packs import packs_of_change_set, relying_on
from datavc.versioning.repos import check_no_pipeline_writes, find_repo
from datavc.versioning.versioned_store import VersionedStore

#: How often others may be faster.
_TRIES = 100

#: Looks at a branch before a write to it, and raises where the write must not be.
Precondition = Callable[[BranchTree], None]
#: Run in the transaction that stages a change set.
Extra = Callable[[Connection], None]
#: What writing a row gives.
T = TypeVar("T")


def stage_on(
    vs: VersionedStore,
    trees: BranchTrees,
    repo: str,
    branch: str,
    record: StagedRecord,
    *,
    author: str,
    precondition: Precondition | None = None,
    extra: Extra | None = None,
) -> StagedChange:
    """Put a stored change set behind what is staged on a branch.

    It is :func:`datavc.versioning.staging.stage` for who writes many: what is staged already is
    not read again.

    Args:
        vs: where.
        trees: the branches as they are.
        repo, branch: where it is staged.
        record: the change set.
        author: who is written down.
        precondition: holds in the very state of the branch that the change set is put upon.
        extra: run in the same transaction; if it raises, nothing is staged.

    Raises:
        NotFound: there is no such repo or branch.
        PathConflict: with what is there and staged, a path would be a file and a folder.
        Conflict: a pipeline writes the repo.
        Collected: content that the change set relies on is gone; store it again.
        LostRace: others were faster time and again.
    """

    def lock(conn: Connection) -> None:
        branches.lock(conn, find_repo(conn, repo).id, branch)
        check_no_pipeline_writes(conn, repo)

    def add(conn: Connection, seen: BranchVersion) -> StagedChange:
        return rows.add(conn, seen.repo_id, branch, record, author=author, time_us=now_us())

    place = BranchPlace(repo, branch)
    return put_upon(vs, trees, place, record, lock, add, precondition=precondition, extra=extra)


def put_upon(
    vs: VersionedStore,
    trees: StagedTrees[PlaceT],
    place: PlaceT,
    record: StagedRecord,
    lock: Callable[[Connection], None],
    add: Callable[[Connection, BranchVersion], T],
    *,
    precondition: Precondition | None = None,
    extra: Extra | None = None,
) -> T:
    """Put a stored change set behind what is staged at a place; see :func:`stage_on`.

    Args:
        vs: where.
        trees: the places as they are.
        place: where it is staged.
        record: the change set.
        lock: keeps the place as it is until the transaction ends, or raises.
        add: writes the row, on top of the state that was looked at.
        precondition, extra: as of :func:`stage_on`.

    Raises:
        NotFound, PathConflict, Collected, LostRace: as :func:`stage_on`.
    """
    needed = packs_of_change_set(vs, record)
    with relying_on(vs, needed), trees.turn(place):
        for _ in range(_TRIES):
            seen = trees.get(place)
            if precondition is not None:
                precondition(seen)
            changes = read_change_set(record.location, record.digest, vs.nodes)
            check_collisions(seen.tree, changes, seen.source)
            with vs.db.write() as conn:
                lock(conn)
                if trees.read_version(conn, place) != seen.version:
                    continue
                packs.check_unmoved(conn, needed)
                added = add(conn, seen.version)
                if extra is not None:
                    extra(conn)
                return added
    raise LostRace(f"others write to {place} all the time", hint="try again")
