"""Queries on the outbox: events written with what they tell of, and claimed by engines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from datavc.db.clock import now_us
from datavc.db.news import announce
from datavc.db.tables import OutboxEvent
from datavc.tracing import spans

#: Kind of the event of a commit that landed on a branch.
COMMIT_LANDED = "commit_landed"

_TRACE = "trace"
# Number of the advisory lock, of no meaning but to be this one's.
_TURN = 0x6461_7461_7663


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""

    id: int
    kind: str
    payload: dict[str, object]
    created_us: int

    @property
    def trace(self) -> str | None:
        """The ``traceparent`` of what made it happen, if it belongs to a trace."""
        found = self.payload.get(_TRACE)
        return None if found is None else str(found)


def add(conn: Connection, kind: str, payload: Mapping[str, object], *, time_us: int) -> int:
    """Add an event, visible once the caller's transaction is; *payload* is plain JSON data.

    It goes with the trace that it happened in, for those who act upon it.
    """
    trace = spans.traceparent()
    told = {**payload} if trace is None else {**payload, _TRACE: trace}
    statement = (
        insert(OutboxEvent)
        .values(kind=kind, payload=told, created_us=time_us, lease_until_us=0)
        .returning(OutboxEvent.c.id)
    )
    announce(conn)
    return conn.execute(statement).scalar_one()


def take_turn(conn: Connection) -> None:
    """Wait until no other transaction acts upon events, so that they are taken in their order.

    SQLite has one writer at a time as it is.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(_TURN)))


def claim(
    conn: Connection, owner: str, lease_s: float, *, limit: int = 100, at_us: int | None = None
) -> list[Event]:
    """Take the oldest events that nobody holds, or whose holder's lease has run out.

    Args:
        owner: who takes them; give the same to :func:`ack`.
        lease_s: seconds until they may be taken by somebody else.
        limit: at most so many.
        at_us: the time to judge leases by; now, unless given.
    """
    time_us = now_us() if at_us is None else at_us
    statement = (
        select(
            OutboxEvent.c.id, OutboxEvent.c.kind, OutboxEvent.c.payload, OutboxEvent.c.created_us
        )
        .where(OutboxEvent.c.lease_until_us <= time_us)
        .order_by(OutboxEvent.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    events = [Event(*row) for row in conn.execute(statement)]
    if events:
        conn.execute(
            update(OutboxEvent)
            .where(OutboxEvent.c.id.in_([event.id for event in events]))
            .values(owner=owner, lease_until_us=time_us + round(lease_s * 1_000_000))
        )
    return events


def ack(conn: Connection, owner: str, ids: Sequence[int]) -> int:
    """Drop events that have been acted upon.

    Returns:
        How many *owner* still held. Fewer than asked for means that a lease ran out and somebody
        else took the event: what was done on account of it must be undone.
    """
    statement = delete(OutboxEvent).where(OutboxEvent.c.id.in_(ids), OutboxEvent.c.owner == owner)
    return conn.execute(statement).rowcount


def has_events(conn: Connection) -> bool:
    """Whether an event has not been acted upon yet."""
    return conn.execute(select(OutboxEvent.c.id).limit(1)).first() is not None


def has_event_of(conn: Connection, run_id: str) -> bool:
    """Whether an event of this run has not been acted upon yet."""
    statement = select(OutboxEvent.c.id).where(
        OutboxEvent.c.payload["run_id"].as_string() == run_id
    )
    return conn.execute(statement.limit(1)).first() is not None


def release(conn: Connection, owner: str, ids: Sequence[int]) -> None:
    """Give events back, so that anybody may claim them at once."""
    conn.execute(
        update(OutboxEvent)
        .where(OutboxEvent.c.id.in_(ids), OutboxEvent.c.owner == owner)
        .values(owner=None, lease_until_us=0)
    )
