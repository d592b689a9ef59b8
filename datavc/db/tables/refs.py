"""Repos, and the names in them: branches, tags, where they were before, and what guards them."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Named, Table, TypedColumns

from datavc.db.tables.columns import BIG, METADATA, TEXT


class RepoColumns(TypedColumns):
    """A repo."""

    id: Named[int] = Column(BIG, primary_key=True, autoincrement=True)
    name: Named[str] = Column(TEXT, unique=True)
    description: Named[str] = Column(TEXT)
    default_branch: Named[str] = Column(TEXT)
    created_us: Named[int] = Column(BIG)


# Ids are never used twice, so the ref log of a deleted repo stays its own.
Repo = Table("repos", METADATA, RepoColumns, sqlite_autoincrement=True)


class BranchColumns(TypedColumns):
    """A branch; ``head`` is null before its first commit."""

    repo_id: Named[int] = Column(BIG, ForeignKey("repos.id", ondelete="CASCADE"), primary_key=True)
    name: Named[str] = Column(TEXT, primary_key=True)
    head: Named[str | None] = Column(TEXT, ForeignKey("commits.id"))
    updated_us: Named[int] = Column(BIG)


Branch = Table("branches", METADATA, BranchColumns)


class BranchTriggerColumns(TypedColumns):
    """A branch that follows another one of its repo."""

    repo_id: Named[int] = Column(BIG, primary_key=True, autoincrement=False)
    branch: Named[str] = Column(TEXT, primary_key=True)
    source: Named[str] = Column(TEXT)
    commits: Named[int | None] = Column(BIG)
    size: Named[int | None] = Column(BIG)
    rate_limit: Named[str] = Column(TEXT)
    cron: Named[str] = Column(TEXT)
    all_of_them: Named[int] = Column(BIG)
    moved_us: Named[int] = Column(BIG)
    next_us: Named[int | None] = Column(BIG, index=True)


BranchTrigger = Table(
    "branch_triggers",
    METADATA,
    BranchTriggerColumns,
    ForeignKeyConstraint(
        ["repo_id", "branch"], ["branches.repo_id", "branches.name"], ondelete="CASCADE"
    ),
)


class TagColumns(TypedColumns):
    """A tag."""

    repo_id: Named[int] = Column(BIG, ForeignKey("repos.id", ondelete="CASCADE"), primary_key=True)
    name: Named[str] = Column(TEXT, primary_key=True)
    commit_id: Named[str] = Column(TEXT, ForeignKey("commits.id"))
    created_us: Named[int] = Column(BIG)
    author: Named[str] = Column(TEXT)


Tag = Table("tags", METADATA, TagColumns)


class RefMoveColumns(TypedColumns):
    """One move of a branch or tag. Outlives the repo, so it names it instead of referring."""

    id: Named[int] = Column(BIG, primary_key=True, autoincrement=True)
    repo_id: Named[int] = Column(BIG)
    repo: Named[str] = Column(TEXT)
    kind: Named[str] = Column(TEXT)
    name: Named[str] = Column(TEXT)
    old: Named[str | None] = Column(TEXT)
    new: Named[str | None] = Column(TEXT)
    author: Named[str] = Column(TEXT)
    reason: Named[str] = Column(TEXT)
    time_us: Named[int] = Column(BIG)


RefMove = Table(
    "ref_log",
    METADATA,
    RefMoveColumns,
    Index(None, "repo_id", "name", "id"),
    sqlite_autoincrement=True,
)


class ProtectionColumns(TypedColumns):
    """Branches that are kept from being changed by hand."""

    repo_id: Named[int] = Column(BIG, ForeignKey("repos.id", ondelete="CASCADE"), primary_key=True)
    #: Glob over branch names.
    pattern: Named[str] = Column(TEXT, primary_key=True)
    #: 1 where commits may be made all the same.
    allow_commits: Named[int] = Column(BIG)
    author: Named[str] = Column(TEXT)
    created_us: Named[int] = Column(BIG)


BranchProtection = Table("branch_protections", METADATA, ProtectionColumns)
