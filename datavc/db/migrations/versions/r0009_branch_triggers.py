"""Branches that follow others by a trigger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "branch_triggers",
        sa.Column("repo_id", _BIG, nullable=False),
        sa.Column("branch", _TEXT, nullable=False),
        sa.Column("source", _TEXT, nullable=False),
        sa.Column("commits", _BIG, nullable=True),
        sa.Column("size", _BIG, nullable=True),
        sa.Column("rate_limit", _TEXT, nullable=False),
        sa.Column("cron", _TEXT, nullable=False),
        sa.Column("all_of_them", _BIG, nullable=False),
        sa.Column("moved_us", _BIG, nullable=False),
        sa.Column("next_us", _BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["repo_id", "branch"],
            ["branches.repo_id", "branches.name"],
            name=op.f("fk_branch_triggers_repo_id_branch"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("repo_id", "branch", name=op.f("pk_branch_triggers")),
    )
    op.create_index(op.f("ix_branch_triggers_next_us"), "branch_triggers", ["next_us"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("branch_triggers")
