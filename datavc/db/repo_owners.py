"""Queries on whose limits repos count towards, and on what they hold."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from datavc.db.conflict_insert import insert_if_new
from datavc.db.tables import Account, Branch, Commit, Repo, RepoOwner, Staged
from datavc.model.account import Limits, Usage


def add(conn: Connection, repo: str, account_id: int) -> bool:
    """Let a repo count towards an account's limits; ``False`` if it has an owner, or is gone."""
    repo_id = conn.execute(select(Repo.c.id).where(Repo.c.name == repo)).scalar()
    if repo_id is None:
        return False
    return insert_if_new(conn, RepoOwner, {"repo_id": repo_id, "account_id": account_id})


def owner_of(conn: Connection, repo: str) -> tuple[int, str, Limits] | None:
    """Id, name and limits of the account that owns a repo."""
    statement = (
        select(
            Account.c.id,
            Account.c.name,
            Account.c.max_bytes,
            Account.c.max_repos,
            Account.c.requests_per_minute,
        )
        .join(RepoOwner, RepoOwner.c.account_id == Account.c.id)
        .join(Repo, Repo.c.id == RepoOwner.c.repo_id)
        .where(Repo.c.name == repo)
    )
    row = conn.execute(statement).first()
    if row is None:
        return None
    return row.id, row.name, Limits(row.max_bytes, row.max_repos, row.requests_per_minute)


def usage_of(conn: Connection, account_id: int) -> Usage:
    """What an account's repos hold: a commit that several branches stand at counts once."""
    mine = select(RepoOwner.c.repo_id).where(RepoOwner.c.account_id == account_id)
    heads = select(Branch.c.head).where(Branch.c.repo_id.in_(mine)).distinct()
    committed = conn.execute(
        select(func.coalesce(func.sum(Commit.c.content_bytes), 0)).where(Commit.c.id.in_(heads))
    ).scalar_one()
    staged = conn.execute(
        select(func.coalesce(func.sum(Staged.c.content_bytes), 0)).where(Staged.c.repo_id.in_(mine))
    ).scalar_one()
    repos = conn.execute(
        select(func.count()).select_from(RepoOwner).where(RepoOwner.c.account_id == account_id)
    ).scalar_one()
    return Usage(int(committed) + int(staged), repos)
