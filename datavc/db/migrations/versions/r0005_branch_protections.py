"""Branches that are kept from being changed by hand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "branch_protections",
        sa.Column("repo_id", _BIG, nullable=False),
        sa.Column("pattern", _TEXT, nullable=False),
        sa.Column("allow_commits", _BIG, nullable=False),
        sa.Column("author", _TEXT, nullable=False),
        sa.Column("created_us", _BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["repo_id"],
            ["repos.id"],
            name=op.f("fk_branch_protections_repo_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("repo_id", "pattern", name=op.f("pk_branch_protections")),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("branch_protections")
