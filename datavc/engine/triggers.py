"""From commits that landed to jobs: the outbox is read, and each event acted upon exactly once."""

from __future__ import annotations

from sqlalchemy import Connection

from datavc.db import outbox, pipelines
from datavc.db.outbox import Event
from datavc.engine.branch_moves import Landed, Sizes, follow_commit, measure_changes
from datavc.engine.run_jobs import create_run_jobs
from datavc.tracing import spans
from datavc.versioning.versioned_store import VersionedStore

#: Seconds; only matters if a database were to keep the claim of a transaction it undid.
_LEASE = 60.0


def handle_events(vs: VersionedStore, owner: str) -> None:
    """Act upon every event there is, oldest first.

    An event is dropped in the transaction that makes its jobs, so a crash in between repeats
    both or none.
    """
    more = True
    while more:
        sizes = measure_changes(vs)
        # Undone by a power cut, the event is there again and its jobs are not.
        with vs.db.write(durable=False) as conn:
            more = handle_some(vs, conn, owner, sizes)


def handle_some(vs: VersionedStore, conn: Connection, owner: str, sizes: Sizes) -> bool:
    """Act upon the oldest events in the caller's transaction; whether there were any.

    Args:
        vs: where.
        conn: the transaction.
        owner: who does it.
        sizes: what :func:`~datavc.engine.branch_moves.measure_changes` said just before.
    """
    # Jobs queue up in the order in which their commits landed.
    outbox.take_turn(conn)
    events = outbox.claim(conn, owner, _LEASE)
    for event in events:
        with spans.continued(event.trace):
            _handle(vs, conn, event, sizes)
    outbox.ack(conn, owner, [event.id for event in events])
    return bool(events)


def _handle(vs: VersionedStore, conn: Connection, event: Event, sizes: Sizes) -> None:
    if event.kind != outbox.COMMIT_LANDED:
        return
    landed = Landed(*(str(event.payload[key]) for key in ("repo", "branch", "commit", "run_id")))
    follow_commit(vs, conn, landed, sizes)
    if pipelines.triggered_by(conn, landed.repo, landed.branch):
        create_run_jobs(conn, landed.run_id, landed={(landed.repo, landed.branch): landed.commit})
