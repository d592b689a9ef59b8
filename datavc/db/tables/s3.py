"""Keys and unfinished uploads of the S3 gateway."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Named,
    Table,
    TypedColumns,
)

from datavc.db.tables.columns import BIG, METADATA, TEXT


class S3KeyColumns(TypedColumns):
    """An access key of the S3 gateway; ``sealed`` holds its secret, encrypted."""

    id: Named[str] = Column(TEXT, primary_key=True)
    sealed: Named[bytes] = Column(LargeBinary)
    account: Named[str] = Column(TEXT)
    #: 1 where it opens nothing for writing.
    read_only: Named[int] = Column(BIG)
    created_us: Named[int] = Column(BIG)


S3Key = Table("s3_keys", METADATA, S3KeyColumns)


class S3UploadColumns(TypedColumns):
    """A multipart upload that was begun and neither completed nor aborted."""

    id: Named[str] = Column(TEXT, primary_key=True)
    repo_id: Named[int] = Column(BIG)
    branch: Named[str] = Column(TEXT)
    path: Named[str] = Column(TEXT)
    account: Named[str] = Column(TEXT)
    #: Of the commit that its completion makes; null where it is only staged.
    message: Named[str | None] = Column(TEXT)
    created_us: Named[int] = Column(BIG)


S3Upload = Table(
    "s3_uploads",
    METADATA,
    S3UploadColumns,
    ForeignKeyConstraint(
        ["repo_id", "branch"], ["branches.repo_id", "branches.name"], ondelete="CASCADE"
    ),
    Index(None, "repo_id", "branch"),
)


class S3PartColumns(TypedColumns):
    """A part of a multipart upload: a stored change set that puts its content."""

    upload_id: Named[str] = Column(
        TEXT, ForeignKey("s3_uploads.id", ondelete="CASCADE"), primary_key=True
    )
    number: Named[int] = Column(BIG, primary_key=True, autoincrement=False)
    etag: Named[str] = Column(TEXT)
    #: By algorithm, in base64: the checksums that came with it.
    checksums: Named[dict[str, str]] = Column(JSON)
    created_us: Named[int] = Column(BIG)
    digest: Named[bytes] = Column(LargeBinary)
    pack: Named[bytes] = Column(LargeBinary)
    offset: Named[int] = Column(BIG)
    length: Named[int] = Column(BIG)
    puts: Named[int] = Column(BIG)
    removals: Named[int] = Column(BIG)
    content_bytes: Named[int] = Column(BIG)


S3Part = Table("s3_parts", METADATA, S3PartColumns)
