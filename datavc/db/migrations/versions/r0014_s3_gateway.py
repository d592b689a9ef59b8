"""Access keys and multipart uploads of the S3 gateway."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "s3_keys",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("account", _TEXT, nullable=False),
        sa.Column("read_only", _BIG, nullable=False),
        sa.Column("created_us", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_s3_keys")),
    )
    op.create_table(
        "s3_uploads",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("repo_id", _BIG, nullable=False),
        sa.Column("branch", _TEXT, nullable=False),
        sa.Column("path", _TEXT, nullable=False),
        sa.Column("account", _TEXT, nullable=False),
        sa.Column("message", _TEXT, nullable=True),
        sa.Column("created_us", _BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["repo_id", "branch"],
            ["branches.repo_id", "branches.name"],
            name=op.f("fk_s3_uploads_repo_id_branch"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_s3_uploads")),
    )
    op.create_index(op.f("ix_s3_uploads_repo_id_branch"), "s3_uploads", ["repo_id", "branch"])
    op.create_table(
        "s3_parts",
        sa.Column("upload_id", _TEXT, nullable=False),
        sa.Column("number", _BIG, autoincrement=False, nullable=False),
        sa.Column("etag", _TEXT, nullable=False),
        sa.Column("checksums", sa.JSON(), nullable=False),
        sa.Column("created_us", _BIG, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("pack", sa.LargeBinary(), nullable=False),
        sa.Column("offset", _BIG, nullable=False),
        sa.Column("length", _BIG, nullable=False),
        sa.Column("puts", _BIG, nullable=False),
        sa.Column("removals", _BIG, nullable=False),
        sa.Column("content_bytes", _BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"],
            ["s3_uploads.id"],
            name=op.f("fk_s3_parts_upload_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("upload_id", "number", name=op.f("pk_s3_parts")),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("s3_parts")
    op.drop_table("s3_uploads")
    op.drop_table("s3_keys")
