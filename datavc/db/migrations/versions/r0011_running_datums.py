"""What runs right now, with what it has printed so far; how long each part of a datum took."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NUMBERS = ("download_bytes", "upload_bytes", "ended_us")
_SECONDS = ("download_seconds", "upload_seconds")


def upgrade() -> None:
    """Create the tables, and the columns; of datums that ended before nothing is known."""
    for name in _NUMBERS:
        column = sa.Column(name, _BIG, nullable=False, server_default=sa.text("0"))
        op.add_column("job_datums", column)
    for name in _SECONDS:
        column = sa.Column(name, sa.Double(), nullable=False, server_default=sa.text("0"))
        op.add_column("job_datums", column)
    op.create_index(
        op.f("ix_job_datums_job_id_ended_us_key"), "job_datums", ["job_id", "ended_us", "key"]
    )
    op.create_table(
        "running_datums",
        sa.Column("job_id", _TEXT, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("started_us", _BIG, nullable=False),
        sa.Column("restart_by", _TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_running_datums_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "key", name=op.f("pk_running_datums")),
    )
    op.create_table(
        "live_logs",
        sa.Column("job_id", _TEXT, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("start", _BIG, nullable=False, autoincrement=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id", "key"],
            ["running_datums.job_id", "running_datums.key"],
            name=op.f("fk_live_logs_job_id_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("job_id", "key", "start", name=op.f("pk_live_logs")),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("live_logs")
    op.drop_table("running_datums")
    op.drop_index(op.f("ix_job_datums_job_id_ended_us_key"), "job_datums")
    for name in (*_NUMBERS, *_SECONDS):
        op.drop_column("job_datums", name)
