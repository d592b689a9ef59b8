"""Queries on webhooks that come in, and on the messages that have started runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, Row, delete, insert, select, update

from datavc.db.conflict_insert import insert_if_new
from datavc.db.tables import InboundMessage, InboundWebhook
from datavc.model.inbound_webhook import InboundWebhookInfo, StartedRun


@dataclass(frozen=True, slots=True)
class InboundWebhookRow:
    """A webhook as it is kept."""

    info: InboundWebhookInfo
    #: What it runs: a pipeline, or whatever reads a branch of a repo.
    pipeline: str
    repo: str
    branch: str
    #: By whose right it runs that; ``""`` where there were no accounts.
    account: str
    #: Its secret and the one before, encrypted.
    sealed: bytes = field(repr=False)
    previous: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message that has started a run."""

    digest: bytes
    started: StartedRun


def add(conn: Connection, row: InboundWebhookRow) -> None:
    """Write down a webhook."""
    info = row.info
    conn.execute(
        insert(InboundWebhook).values(
            id=info.id,
            pipeline=row.pipeline,
            repo=row.repo,
            branch=row.branch,
            sealed=row.sealed,
            previous=None,
            previous_until_us=0,
            disabled=int(info.disabled),
            account=row.account,
            parameters=info.parameters,
            author=info.author,
            created_us=info.created_us,
        )
    )


def list_all(conn: Connection) -> list[InboundWebhookRow]:
    """All webhooks, the oldest first."""
    rows = conn.execute(select(*InboundWebhook.c).order_by(InboundWebhook.c.id))
    return [_row(row) for row in rows]


def find(conn: Connection, webhook: str) -> InboundWebhookRow | None:
    """The webhook with this full id, or ``None``."""
    found = conn.execute(select(*InboundWebhook.c).where(InboundWebhook.c.id == webhook)).first()
    return None if found is None else _row(found)


def set_disabled(conn: Connection, webhook: str, *, disabled: bool) -> None:
    """Let a webhook start nothing any more, or start runs again."""
    _update(conn, webhook, disabled=int(disabled))


def set_secret(conn: Connection, webhook: str, sealed: bytes, *, previous_until_us: int) -> None:
    """Give a webhook another secret; the one before holds for a while."""
    _update(
        conn,
        webhook,
        previous=InboundWebhook.c.sealed,
        sealed=sealed,
        previous_until_us=previous_until_us,
    )


def remove(conn: Connection, webhook: str) -> None:
    """Remove a webhook, and what is remembered of its messages."""
    conn.execute(delete(InboundWebhook).where(InboundWebhook.c.id == webhook))


def find_message(conn: Connection, webhook: str, message: str) -> MessageRow | None:
    """What a message has started, or ``None`` for one that has not come before."""
    row = InboundMessage.c
    found = conn.execute(
        select(row.digest, row.run_id, row.jobs).where(
            row.webhook == webhook, row.message == message
        )
    ).first()
    if found is None:
        return None
    return MessageRow(found.digest, StartedRun(found.run_id, tuple(found.jobs), repeated=True))


def remember(
    conn: Connection,
    webhook: str,
    message: str,
    digest: bytes,
    started: StartedRun,
    *,
    time_us: int,
    until_us: int | None,
) -> bool:
    """Remember a message, and forget old ones; ``False`` when it is known already."""
    conn.execute(delete(InboundMessage).where(InboundMessage.c.until_us < time_us))
    _update(conn, webhook, last_us=time_us)
    values = {
        "webhook": webhook,
        "message": message,
        "digest": digest,
        "run_id": started.run_id or "",
        "jobs": list(started.jobs),
        "until_us": until_us,
    }
    return insert_if_new(conn, InboundMessage, values)


def _update(conn: Connection, webhook: str, **values: object) -> None:
    conn.execute(update(InboundWebhook).where(InboundWebhook.c.id == webhook).values(**values))


def _row(row: Row[*tuple[object, ...]]) -> InboundWebhookRow:
    info = InboundWebhookInfo(
        row.id,
        row.pipeline,
        f"{row.repo}@{row.branch}" if row.repo else "",
        bool(row.disabled),
        row.author,
        row.created_us,
        row.last_us,
        row.previous_until_us if row.previous is not None else None,
        row.parameters,
    )
    return InboundWebhookRow(
        info, row.pipeline, row.repo, row.branch, row.account, row.sealed, row.previous
    )
