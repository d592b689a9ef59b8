"""When the cron inputs of pipelines tick next."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "cron_inputs",
        sa.Column("pipeline_id", _BIG, nullable=False),
        sa.Column("repo", _TEXT, nullable=False),
        sa.Column("next_us", _BIG, nullable=False),
        sa.Column("made_repo", _BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["pipeline_id"],
            ["pipelines.id"],
            name=op.f("fk_cron_inputs_pipeline_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pipeline_id", "repo", name=op.f("pk_cron_inputs")),
    )
    op.create_index(op.f("ix_cron_inputs_next_us"), "cron_inputs", ["next_us"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("cron_inputs")
