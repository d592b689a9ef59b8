"""Moving branches whose triggers fire: when a commit lands, and by the clock.

A move is written with the event that starts its pipelines, in the run of the commit that led to
it, so whoever waits for that commit waits for what the trigger started, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from datavc.db import branch_triggers, branches, outbox
from datavc.db.branch_triggers import TriggerRow
from datavc.db.clock import now_us
from datavc.model.ids import new_id
from datavc.versioning.branch_triggers import changed_bytes, commits_since, next_time, tree_of
from datavc.versioning.versioned_store import VersionedStore

#: Bytes that differ between two trees, by their digests.
Sizes = Mapping[tuple[bytes, bytes], int]


@dataclass(frozen=True, slots=True)
class Landed:
    """A commit that is the head of a branch since this event."""

    repo: str
    branch: str
    commit: str
    run_id: str


def measure_changes(vs: VersionedStore) -> Sizes:
    """Compare the branches whose triggers look at sizes with those that they follow.

    Done before the transaction that acts upon commits, which must not wait for reads of the store.
    """
    with vs.db.read() as conn:
        pairs = {
            (
                tree_of(conn, _head(conn, row, row.branch)),
                tree_of(conn, _head(conn, row, row.trigger.source)),
            )
            for row in (branch_triggers.sized(conn) if outbox.has_events(conn) else ())
        }
    return {(old.digest, new.digest): changed_bytes(vs, old, new) for old, new in pairs}


def follow_commit(vs: VersionedStore, conn: Connection, landed: Landed, sizes: Sizes) -> None:
    """Move the branches whose triggers fire upon a commit that has landed."""
    time_us, commit = now_us(), landed.commit
    for row in branch_triggers.following(conn, landed.repo, landed.branch):
        trigger = row.trigger
        head = _head(conn, row, row.branch)
        if trigger.cron or head == commit:
            continue
        size = 0
        if trigger.size is not None:
            old, new = tree_of(conn, head), tree_of(conn, commit)
            known = sizes.get((old.digest, new.digest))
            size = changed_bytes(vs, old, new) if known is None else known
        count = commits_since(conn, head, commit, trigger.commits or 1)
        if trigger.fires(commits=count, size=size, moved_us=row.moved_us, time_us=time_us):
            branch_triggers.move_on(conn, row, time_us, None)
            _move(conn, row, head, commit, landed.run_id)


def follow_clock(vs: VersionedStore, time_us: int | None = None) -> None:
    """Move the branches whose triggers fire by the clock, each once for each tick."""
    time_us = now_us() if time_us is None else time_us
    with vs.db.read() as conn:
        if not branch_triggers.due(conn, time_us):
            return
    with vs.db.write() as conn:
        for row in branch_triggers.due(conn, time_us):
            if not branch_triggers.move_on(conn, row, time_us, next_time(row.trigger, time_us)):
                continue
            head, commit = _head(conn, row, row.branch), _head(conn, row, row.trigger.source)
            if commit is not None and commit != head:
                _move(conn, row, head, commit, new_id())


def _move(conn: Connection, row: TriggerRow, head: str | None, commit: str, run_id: str) -> None:
    time_us = now_us()
    moved = branches.move(
        conn,
        row.repo_id,
        row.branch,
        head,
        commit,
        author=f"trigger on {row.trigger.source}",
        reason=f"followed {row.trigger.source}",
        time_us=time_us,
    )
    if moved:
        payload = {"repo": row.repo, "branch": row.branch, "commit": commit, "run_id": run_id}
        outbox.add(conn, outbox.COMMIT_LANDED, payload, time_us=time_us)


def _head(conn: Connection, row: TriggerRow, name: str) -> str | None:
    found = branches.find(conn, row.repo_id, name)
    return None if found is None else found.head
