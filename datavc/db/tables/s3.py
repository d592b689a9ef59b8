"""Keys and unfinished uploads of the S3 gateway, and what jobs reach by it."""

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


class S3SessionColumns(TypedColumns):
    """What one access key opens while one try of a datum runs; ``sealed`` holds its secret."""

    id: Named[str] = Column(TEXT, primary_key=True)
    sealed: Named[bytes] = Column(LargeBinary)
    job_id: Named[str] = Column(TEXT, ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    #: The engine; nobody opens anything with the key once the job is another one's.
    owner: Named[str] = Column(TEXT)
    #: Where the job's output goes.
    repo_id: Named[int] = Column(BIG)
    branch: Named[str] = Column(TEXT)
    #: Name, repo and commit of each bucket that can be read.
    inputs: Named[list[list[str]]] = Column(JSON)
    #: 1 where there is a bucket to be written to.
    has_output: Named[int] = Column(BIG)
    #: 1 once the try has ended; what it put out is kept until the datum's result is written.
    closed: Named[int] = Column(BIG)
    created_us: Named[int] = Column(BIG)


S3Session = Table(
    "s3_sessions",
    METADATA,
    S3SessionColumns,
    ForeignKeyConstraint(
        ["repo_id", "branch"], ["branches.repo_id", "branches.name"], ondelete="CASCADE"
    ),
    Index(None, "repo_id", "branch"),
)


class S3SessionChangeColumns(TypedColumns):
    """A change set in a session's output; ids give the order."""

    id: Named[int] = Column(BIG, primary_key=True, autoincrement=True)
    session_id: Named[str] = Column(
        TEXT, ForeignKey("s3_sessions.id", ondelete="CASCADE"), index=True
    )
    time_us: Named[int] = Column(BIG)
    digest: Named[bytes] = Column(LargeBinary)
    pack: Named[bytes] = Column(LargeBinary)
    offset: Named[int] = Column(BIG)
    length: Named[int] = Column(BIG)
    puts: Named[int] = Column(BIG)
    removals: Named[int] = Column(BIG)
    content_bytes: Named[int] = Column(BIG)


S3SessionChange = Table(
    "s3_session_changes", METADATA, S3SessionChangeColumns, sqlite_autoincrement=True
)


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
    #: The session whose output it is to, and which it is removed with; null where it is to the
    #: branch itself.
    session_id: Named[str | None] = Column(TEXT, index=True)


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
