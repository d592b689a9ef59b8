"""What garbage collection keeps track of: expired commits, dropped packs, retention rules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables, and the column."""
    op.add_column("commits", sa.Column("expired_us", _BIG, nullable=True))
    op.create_table(
        "dropped_packs",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("dropped_us", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dropped_packs")),
    )
    op.create_table(
        "retention_rules",
        sa.Column("repo_id", _BIG, nullable=False),
        sa.Column("pattern", _TEXT, nullable=False),
        sa.Column("keep_us", _BIG, nullable=False),
        sa.Column("author", _TEXT, nullable=False),
        sa.Column("created_us", _BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["repo_id"],
            ["repos.id"],
            name=op.f("fk_retention_rules_repo_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("repo_id", "pattern", name=op.f("pk_retention_rules")),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("retention_rules")
    op.drop_table("dropped_packs")
    op.drop_column("commits", "expired_us")
