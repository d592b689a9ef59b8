"""Commits, what they came from, what is staged, and the events that landing ones write."""

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


class CommitColumns(TypedColumns):
    """A commit, and where its tree's root node lies."""

    id: Named[str] = Column(TEXT, primary_key=True)
    repo_id: Named[int] = Column(BIG, ForeignKey("repos.id", ondelete="CASCADE"), index=True)
    author: Named[str] = Column(TEXT)
    message: Named[str] = Column(TEXT)
    time_us: Named[int] = Column(BIG)
    run_id: Named[str] = Column(TEXT, index=True)
    tree_digest: Named[bytes] = Column(LargeBinary)
    tree_pack: Named[bytes | None] = Column(LargeBinary)
    tree_offset: Named[int | None] = Column(BIG)
    tree_length: Named[int | None] = Column(BIG)
    files: Named[int] = Column(BIG)
    content_bytes: Named[int] = Column(BIG)
    pipeline: Named[str | None] = Column(TEXT)
    pipeline_digest: Named[str | None] = Column(TEXT)
    #: When its content was given up; null while it is kept.
    expired_us: Named[int | None] = Column(BIG)


Commit = Table("commits", METADATA, CommitColumns)


class CommitParentColumns(TypedColumns):
    """``parent_id`` is parent number ``position`` (0 = the first parent) of ``commit_id``."""

    commit_id: Named[str] = Column(
        TEXT, ForeignKey("commits.id", ondelete="CASCADE"), primary_key=True
    )
    position: Named[int] = Column(BIG, primary_key=True, autoincrement=False)
    parent_id: Named[str] = Column(TEXT, index=True)


CommitParent = Table("commit_parents", METADATA, CommitParentColumns)


class ProvenanceColumns(TypedColumns):
    """``downstream`` was made from ``upstream``, which may be in a repo deleted since."""

    downstream: Named[str] = Column(
        TEXT, ForeignKey("commits.id", ondelete="CASCADE"), primary_key=True
    )
    upstream: Named[str] = Column(TEXT, primary_key=True, index=True)


Provenance = Table("provenance", METADATA, ProvenanceColumns)


class StagedColumns(TypedColumns):
    """A change set in a branch's staging; ids give the order."""

    id: Named[int] = Column(BIG, primary_key=True, autoincrement=True)
    repo_id: Named[int] = Column(BIG)
    branch: Named[str] = Column(TEXT)
    author: Named[str] = Column(TEXT)
    staged_us: Named[int] = Column(BIG)
    digest: Named[bytes] = Column(LargeBinary)
    pack: Named[bytes] = Column(LargeBinary)
    offset: Named[int] = Column(BIG)
    length: Named[int] = Column(BIG)
    puts: Named[int] = Column(BIG)
    removals: Named[int] = Column(BIG)
    content_bytes: Named[int] = Column(BIG)


Staged = Table(
    "staging",
    METADATA,
    StagedColumns,
    ForeignKeyConstraint(
        ["repo_id", "branch"], ["branches.repo_id", "branches.name"], ondelete="CASCADE"
    ),
    Index(None, "repo_id", "branch", "id"),
    sqlite_autoincrement=True,
)


class OutboxEventColumns(TypedColumns):
    """Something that happened, for engines to act upon; gone once it is acknowledged."""

    id: Named[int] = Column(BIG, primary_key=True, autoincrement=True)
    kind: Named[str] = Column(TEXT)
    payload: Named[dict[str, object]] = Column(JSON)
    created_us: Named[int] = Column(BIG)
    owner: Named[str | None] = Column(TEXT)
    #: 0 when nobody has claimed it.
    lease_until_us: Named[int] = Column(BIG)


OutboxEvent = Table("outbox", METADATA, OutboxEventColumns, sqlite_autoincrement=True)
