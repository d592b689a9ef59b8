"""How many datums of a job failed and were recovered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the column; nothing was recovered before."""
    op.add_column(
        "jobs", sa.Column("datums_recovered", _BIG, nullable=False, server_default=sa.text("0"))
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_column("jobs", "datums_recovered")
