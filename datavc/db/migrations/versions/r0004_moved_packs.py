"""Packs that were rewritten, what was purged, and whose turn it is to look after the store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables, and the column."""
    op.add_column("packs", sa.Column("moved_us", _BIG, nullable=True))
    op.create_table(
        "purges",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("subject", _TEXT, nullable=False),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("contents", _BIG, nullable=False),
        sa.Column("freed_bytes", _BIG, nullable=False),
        sa.Column("author", _TEXT, nullable=False),
        sa.Column("time_us", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purges")),
    )
    op.create_table(
        "upkeep_turns",
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("holder", _TEXT, nullable=False),
        sa.Column("until_us", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_upkeep_turns")),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("upkeep_turns")
    op.drop_table("purges")
    op.drop_column("packs", "moved_us")
