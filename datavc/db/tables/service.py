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


class InboundWebhookColumns(TypedColumns):
    """A URL that starts runs; ``sealed`` holds the secret that messages are signed with."""

    id: Named[str] = Column(TEXT, primary_key=True)
    #: What is run: a pipeline, or whatever reads a branch; what is not meant is empty.
    pipeline: Named[str] = Column(TEXT)
    repo: Named[str] = Column(TEXT)
    branch: Named[str] = Column(TEXT)
    sealed: Named[bytes] = Column(LargeBinary)
    #: The secret before, and until when it holds as well.
    previous: Named[bytes | None] = Column(LargeBinary)
    previous_until_us: Named[int] = Column(BIG)
    #: 1 where it starts nothing.
    disabled: Named[int] = Column(BIG)
    #: The account by whose right runs start; empty where there are no accounts.
    account: Named[str] = Column(TEXT)
    #: Parameters of its runs, and where in a message's body their values are.
    parameters: Named[dict[str, str]] = Column(JSON)
    author: Named[str] = Column(TEXT)
    created_us: Named[int] = Column(BIG)
    last_us: Named[int | None] = Column(BIG)


InboundWebhook = Table("inbound_webhooks", METADATA, InboundWebhookColumns)


class InboundMessageColumns(TypedColumns):
    """A message that has started a run, so that its repetition starts none."""

    webhook: Named[str] = Column(
        TEXT, ForeignKey("inbound_webhooks.id", ondelete="CASCADE"), primary_key=True
    )
    message: Named[str] = Column(TEXT, primary_key=True)
    #: Digest of its body.
    digest: Named[bytes] = Column(LargeBinary)
    run_id: Named[str] = Column(TEXT)
    jobs: Named[list[str]] = Column(JSON)
    #: When it may be forgotten, since it would be too old; ``None`` for one without a time.
    until_us: Named[int | None] = Column(BIG, index=True)


InboundMessage = Table("inbound_messages", METADATA, InboundMessageColumns)


class LineageEventColumns(TypedColumns):
    """What is to be told of a job by OpenLineage, written in the transaction that does it."""

    id: Named[int] = Column(BIG, primary_key=True, autoincrement=True)
    facts: Named[dict[str, object]] = Column(JSON)
    attempts: Named[int] = Column(BIG)
    created_us: Named[int] = Column(BIG)
    #: When it may be tried, the next time.
    next_us: Named[int] = Column(BIG)


LineageEvent = Table("lineage_events", METADATA, LineageEventColumns, sqlite_autoincrement=True)
