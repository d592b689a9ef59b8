"""Jobs that make a commit's output once more, and what they found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("jobs", sa.Column("reproduces", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "reproductions",
        sa.Column("job_id", _TEXT, nullable=False),
        sa.Column("repo", _TEXT, nullable=False),
        sa.Column("commit_id", _TEXT, nullable=False),
        sa.Column("verdict", _TEXT, nullable=False),
        sa.Column("files", _BIG, nullable=False),
        sa.Column("different", _BIG, nullable=False),
        sa.Column("differences", sa.JSON(), nullable=False),
        sa.Column("tolerance", sa.Double(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("author", _TEXT, nullable=False),
        sa.Column("time_us", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_reproductions")),
    )
    op.create_index(op.f("ix_reproductions_commit_id"), "reproductions", ["commit_id"])


def downgrade() -> None:
    """Drop both."""
    op.drop_table("reproductions")
    op.drop_column("jobs", "reproduces")
