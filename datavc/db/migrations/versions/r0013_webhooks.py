"""Webhooks, and what is to be delivered to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "webhooks",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("url", _TEXT, nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("repo", _TEXT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("author", _TEXT, nullable=False),
        sa.Column("created_us", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("webhook", _TEXT, nullable=False),
        sa.Column("event", _TEXT, nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("attempts", _BIG, nullable=False),
        sa.Column("status", _BIG, nullable=True),
        sa.Column("error", _TEXT, nullable=False),
        sa.Column("created_us", _BIG, nullable=False),
        sa.Column("next_us", _BIG, nullable=True),
        sa.Column("finished_us", _BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["webhook"],
            ["webhooks.id"],
            name=op.f("fk_webhook_deliveries_webhook_webhooks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_webhook_deliveries_webhook_id"), "webhook_deliveries", ["webhook", "id"]
    )
    op.create_index(
        op.f("ix_webhook_deliveries_state_next_us"), "webhook_deliveries", ["state", "next_us"]
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("webhook_deliveries")
    op.drop_table("webhooks")
