"""What is kept for others: requests that may be repeated, webhooks, and lineage to be told."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, LargeBinary, Named, Table, TypedColumns

from datavc.db.tables.columns import BIG, METADATA, TEXT


class RequestColumns(TypedColumns):
    """A request that was carried out, so that its repetition is answered and not done again."""

    #: Made by the client: 32 hex digits.
    key: Named[str] = Column(TEXT, primary_key=True)
    #: Digest of what was asked for.
    digest: Named[bytes] = Column(LargeBinary)
    answer: Named[dict[str, object]] = Column(JSON)
    created_us: Named[int] = Column(BIG)


Request = Table("requests", METADATA, RequestColumns, Index(None, "created_us"))


class WebhookColumns(TypedColumns):
    """Somebody who is told of what happens; ``sealed`` holds the secret, encrypted."""

    id: Named[str] = Column(TEXT, primary_key=True)
    url: Named[str] = Column(TEXT)
    events: Named[list[str]] = Column(JSON)
    #: Of this repo alone; empty for all.
    repo: Named[str] = Column(TEXT)
    sealed: Named[bytes] = Column(LargeBinary)
    author: Named[str] = Column(TEXT)
    created_us: Named[int] = Column(BIG)


Webhook = Table("webhooks", METADATA, WebhookColumns)


class WebhookDeliveryColumns(TypedColumns):
    """A message to a webhook, written in the transaction that does what it tells of."""

    id: Named[int] = Column(BIG, primary_key=True, autoincrement=True)
    webhook: Named[str] = Column(TEXT, ForeignKey("webhooks.id", ondelete="CASCADE"))
    event: Named[str] = Column(TEXT)
    payload: Named[dict[str, object]] = Column(JSON)
    state: Named[str] = Column(TEXT)
    attempts: Named[int] = Column(BIG)
    #: The HTTP status of the last answer.
    status: Named[int | None] = Column(BIG)
    error: Named[str] = Column(TEXT)
    created_us: Named[int] = Column(BIG)
    #: When it is sent next, unless it is finished.
    next_us: Named[int | None] = Column(BIG)
    finished_us: Named[int | None] = Column(BIG)


WebhookDelivery = Table(
    "webhook_deliveries",
    METADATA,
    WebhookDeliveryColumns,
    Index(None, "webhook", "id"),
    Index(None, "state", "next_us"),
    sqlite_autoincrement=True,
)


class LineageEventColumns(TypedColumns):
    """What is to be told of a job by OpenLineage, written in the transaction that does it."""

    id: Named[int] = Column(BIG, primary_key=True, autoincrement=True)
    facts: Named[dict[str, object]] = Column(JSON)
    attempts: Named[int] = Column(BIG)
    created_us: Named[int] = Column(BIG)
    #: When it may be tried, the next time.
    next_us: Named[int] = Column(BIG)


LineageEvent = Table("lineage_events", METADATA, LineageEventColumns, sqlite_autoincrement=True)
