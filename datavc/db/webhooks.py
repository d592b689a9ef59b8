"""Queries on webhooks, and on what is to be delivered to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from datavc.db.clock import now_us
from datavc.db.tables import Webhook, WebhookDelivery
from datavc.model.webhook import DeliveryInfo, DeliveryState, WebhookEvent, WebhookInfo

#: For so long it is told what became of a delivery.
_REMEMBERED_US = 30 * 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A message that is to be sent now."""

    id: int
    webhook: str
    url: str
    #: The webhook's secret, encrypted.
    sealed: bytes
    event: WebhookEvent
    payload: dict[str, object]
    #: How often it was sent before.
    attempts: int
    created_us: int


def add(conn: Connection, info: WebhookInfo, sealed: bytes) -> None:
    """Write down a webhook."""
    conn.execute(
        insert(Webhook).values(
            id=info.id,
            url=info.url,
            events=[event.value for event in info.events],
            repo=info.repo,
            sealed=sealed,
            author=info.author,
            created_us=info.created_us,
        )
    )


def list_all(conn: Connection) -> list[WebhookInfo]:
    """All webhooks, the oldest first."""
    row = Webhook.c
    statement = select(row.id, row.url, row.events, row.repo, row.author, row.created_us)
    return [
        WebhookInfo(id, url, tuple(map(WebhookEvent, events)), repo, author, created_us)
        for id, url, events, repo, author, created_us in conn.execute(statement.order_by(row.id))
    ]


def remove(conn: Connection, webhook: str) -> bool:
    """Remove a webhook with its deliveries; ``False`` when there is none of that id."""
    return conn.execute(delete(Webhook).where(Webhook.c.id == webhook)).rowcount == 1


def enqueue(
    conn: Connection,
    event: WebhookEvent,
    repo: str,
    payload: Mapping[str, object],
    *,
    time_us: int,
) -> None:
    """Have *event* told to the webhooks that want it, once the caller's transaction is visible."""
    wanted = select(Webhook.c.id, Webhook.c.events).where(Webhook.c.repo.in_(("", repo)))
    rows = [
        {
            "webhook": webhook,
            "event": event.value,
            "payload": dict(payload),
            "state": DeliveryState.PENDING.value,
            "attempts": 0,
            "error": "",
            "created_us": time_us,
            "next_us": time_us,
        }
        for webhook, events in conn.execute(wanted)
        if event.value in events
    ]
    if rows:
        conn.execute(insert(WebhookDelivery), rows)


def has_due(conn: Connection) -> bool:
    """Whether a delivery is due."""
    row = WebhookDelivery.c
    due = select(row.id).where(row.state == DeliveryState.PENDING.value, row.next_us <= now_us())
    return conn.execute(due.limit(1)).first() is not None


def claim(conn: Connection, lease_s: float, *, limit: int) -> list[DueDelivery]:
    """Take the deliveries that are due; who does not finish one in time leaves it to others."""
    now, row = now_us(), WebhookDelivery.c
    statement = (
        select(
            row.id, row.webhook, Webhook.c.url, Webhook.c.sealed,
            row.event, row.payload, row.attempts, row.created_us,
        )
        .join(Webhook, Webhook.c.id == row.webhook)
        .where(row.state == DeliveryState.PENDING.value, row.next_us <= now)
        .order_by(row.next_us, row.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=WebhookDelivery)
    )  # fmt: skip
    found = [
        DueDelivery(id, webhook, url, sealed, WebhookEvent(event), payload, attempts, created)
        for id, webhook, url, sealed, event, payload, attempts, created in conn.execute(statement)
    ]
    if found:
        conn.execute(
            update(WebhookDelivery)
            .where(row.id.in_([one.id for one in found]))
            .values(next_us=now + round(lease_s * 1e6))
        )
        conn.execute(
            delete(WebhookDelivery).where(
                row.state != DeliveryState.PENDING.value, row.finished_us < now - _REMEMBERED_US
            )
        )
    return found


def note_attempt(
    conn: Connection,
    delivery: DueDelivery,
    state: DeliveryState,
    *,
    status: int | None,
    error: str,
    next_us: int | None,
) -> None:
    """Write down what came of sending a message; nothing if somebody else has sent it since."""
    row = WebhookDelivery.c
    conn.execute(
        update(WebhookDelivery)
        .where(row.id == delivery.id, row.attempts == delivery.attempts)
        .values(
            state=state.value,
            attempts=delivery.attempts + 1,
            status=status,
            error=error,
            next_us=next_us,
            finished_us=None if state is DeliveryState.PENDING else now_us(),
        )
    )


def list_deliveries(
    conn: Connection, webhook: str, *, before: int | None, limit: int
) -> list[DeliveryInfo]:
    """What was and is to be delivered to a webhook, the newest first."""
    row = WebhookDelivery.c
    statement = select(
        row.id, row.webhook, row.event, row.state, row.attempts, row.status, row.error,
        row.created_us, row.next_us, row.finished_us,
    ).where(row.webhook == webhook)  # fmt: skip
    if before is not None:
        statement = statement.where(row.id < before)
    return [
        DeliveryInfo(id, hook, WebhookEvent(event), DeliveryState(state), *more)
        for id, hook, event, state, *more in conn.execute(
            statement.order_by(row.id.desc()).limit(limit)
        )
    ]
