"""What jobs reach by S3, and what they put out by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "s3_sessions",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("job_id", _TEXT, nullable=False),
        sa.Column("owner", _TEXT, nullable=False),
        sa.Column("repo_id", _BIG, nullable=False),
        sa.Column("branch", _TEXT, nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("has_output", _BIG, nullable=False),
        sa.Column("closed", _BIG, nullable=False),
        sa.Column("created_us", _BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_s3_sessions_job_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["repo_id", "branch"],
            ["branches.repo_id", "branches.name"],
            name=op.f("fk_s3_sessions_repo_id_branch"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_s3_sessions")),
    )
    op.create_index(op.f("ix_s3_sessions_job_id"), "s3_sessions", ["job_id"])
    op.create_index(op.f("ix_s3_sessions_repo_id_branch"), "s3_sessions", ["repo_id", "branch"])
    op.create_table(
        "s3_session_changes",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("session_id", _TEXT, nullable=False),
        sa.Column("time_us", _BIG, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("pack", sa.LargeBinary(), nullable=False),
        sa.Column("offset", _BIG, nullable=False),
        sa.Column("length", _BIG, nullable=False),
        sa.Column("puts", _BIG, nullable=False),
        sa.Column("removals", _BIG, nullable=False),
        sa.Column("content_bytes", _BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["s3_sessions.id"],
            name=op.f("fk_s3_session_changes_session_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_s3_session_changes")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_s3_session_changes_session_id"), "s3_session_changes", ["session_id"])
    # With no reference to the sessions: SQLite could not take it back.
    op.add_column("s3_uploads", sa.Column("session_id", _TEXT, nullable=True))
    op.create_index(op.f("ix_s3_uploads_session_id"), "s3_uploads", ["session_id"])


def downgrade() -> None:
    """Drop them."""
    # They would be taken for uploads to the branch.
    op.execute("DELETE FROM s3_uploads WHERE session_id IS NOT NULL")
    op.drop_index(op.f("ix_s3_uploads_session_id"), "s3_uploads")
    op.drop_column("s3_uploads", "session_id")
    op.drop_table("s3_session_changes")
    op.drop_table("s3_sessions")
