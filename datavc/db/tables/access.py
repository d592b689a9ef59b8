"""Accounts, groups, roles, tokens, who owns a repo, and the audit log."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    ForeignKey,
    LargeBinary,
    Named,
    Table,
    TypedColumns,
    UniqueConstraint,
)

from datavc.db.tables.columns import BIG, METADATA, TEXT


class AccountColumns(TypedColumns):
    """An account."""

    id: Named[int] = Column(BIG, primary_key=True, autoincrement=True)
    name: Named[str] = Column(TEXT, unique=True)
    kind: Named[str] = Column(TEXT)
    #: 1 where it is let in no more.
    disabled: Named[int] = Column(BIG)
    issuer: Named[str | None] = Column(TEXT)
    subject: Named[str | None] = Column(TEXT)
    max_bytes: Named[int | None] = Column(BIG)
    max_repos: Named[int | None] = Column(BIG)
    requests_per_minute: Named[int | None] = Column(BIG)
    author: Named[str] = Column(TEXT)
    created_us: Named[int] = Column(BIG)


# Ids are never used twice, so nothing of a deleted account becomes another one's.
Account = Table(
    "accounts",
    METADATA,
    AccountColumns,
    UniqueConstraint("issuer", "subject"),
    sqlite_autoincrement=True,
)


class AccountGroupColumns(TypedColumns):
    """A group of accounts."""

    name: Named[str] = Column(TEXT, primary_key=True)
    author: Named[str] = Column(TEXT)
    created_us: Named[int] = Column(BIG)


AccountGroup = Table("account_groups", METADATA, AccountGroupColumns)


class GroupMemberColumns(TypedColumns):
    """An account in a group."""

    group_name: Named[str] = Column(
        TEXT, ForeignKey("account_groups.name", ondelete="CASCADE"), primary_key=True
    )
    account_id: Named[int] = Column(
        BIG, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, index=True
    )


GroupMember = Table("group_members", METADATA, GroupMemberColumns)


class RoleBindingColumns(TypedColumns):
    """A role of an account or of a group; exactly one of the two is set."""

    id: Named[int] = Column(BIG, primary_key=True, autoincrement=True)
    account_id: Named[int | None] = Column(
        BIG, ForeignKey("accounts.id", ondelete="CASCADE"), index=True
    )
    group_name: Named[str | None] = Column(
        TEXT, ForeignKey("account_groups.name", ondelete="CASCADE"), index=True
    )
    role: Named[str] = Column(TEXT)
    repos: Named[str] = Column(TEXT)
    branches: Named[str] = Column(TEXT)
    author: Named[str] = Column(TEXT)
    created_us: Named[int] = Column(BIG)


RoleBindingRow = Table(
    "role_bindings",
    METADATA,
    RoleBindingColumns,
    CheckConstraint("(account_id IS NULL) <> (group_name IS NULL)", name="one_holder"),
)


class TokenColumns(TypedColumns):
    """A token; only the digest of its secret is kept."""

    id: Named[str] = Column(TEXT, primary_key=True)
    account_id: Named[int] = Column(BIG, ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    name: Named[str] = Column(TEXT)
    digest: Named[bytes] = Column(LargeBinary)
    scopes: Named[list[str]] = Column(JSON)
    created_us: Named[int] = Column(BIG)
    expires_us: Named[int | None] = Column(BIG)
    last_used_us: Named[int | None] = Column(BIG)
    revoked_us: Named[int | None] = Column(BIG)


Token = Table("tokens", METADATA, TokenColumns)


class RepoOwnerColumns(TypedColumns):
    """Whose limits a repo counts towards."""

    repo_id: Named[int] = Column(BIG, ForeignKey("repos.id", ondelete="CASCADE"), primary_key=True)
    account_id: Named[int] = Column(BIG, ForeignKey("accounts.id", ondelete="CASCADE"), index=True)


RepoOwner = Table("repo_owners", METADATA, RepoOwnerColumns)


class AuditColumns(TypedColumns):
    """A change or a refusal. The database itself keeps rows from being changed or deleted."""

    id: Named[int] = Column(BIG, primary_key=True, autoincrement=True)
    time_us: Named[int] = Column(BIG, index=True)
    account: Named[str] = Column(TEXT)
    token: Named[str] = Column(TEXT)
    request: Named[str] = Column(TEXT)
    repo: Named[str] = Column(TEXT)
    branch: Named[str] = Column(TEXT)
    outcome: Named[str] = Column(TEXT)
    status: Named[int] = Column(BIG)
    address: Named[str] = Column(TEXT)
    request_id: Named[str] = Column(TEXT)
    reason: Named[str] = Column(TEXT)


AuditRow = Table("audit_log", METADATA, AuditColumns, sqlite_autoincrement=True)
