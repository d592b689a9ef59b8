"""The trace that a job belongs to, and what is to be told of jobs by OpenLineage."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the column, and create the table."""
    op.add_column("jobs", sa.Column("trace", _TEXT, nullable=True))
    op.create_table(
        "lineage_events",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("attempts", _BIG, nullable=False),
        sa.Column("created_us", _BIG, nullable=False),
        sa.Column("next_us", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lineage_events")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("lineage_events")
    op.drop_column("jobs", "trace")
