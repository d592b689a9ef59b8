"""Queries on branches that are kept from being changed by hand."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from datavc.db.conflict_insert import insert_into
from datavc.db.tables import BranchProtection as Rule
from datavc.db.tables import Repo
from datavc.model.repo import Protection


def put(conn: Connection, repo_id: int, rule: Protection) -> None:
    """Add a rule, or change the one of that pattern."""
    values = {
        "allow_commits": int(rule.allow_commits),
        "author": rule.author,
        "created_us": rule.created_us,
    }
    statement = insert_into(conn, Rule).values(repo_id=repo_id, pattern=rule.pattern, **values)
    conn.execute(
        statement.on_conflict_do_update(index_elements=["repo_id", "pattern"], set_=values)
    )


def remove(conn: Connection, repo_id: int, pattern: str) -> bool:
    """Drop a rule; ``False`` when there is none."""
    statement = delete(Rule).where(Rule.c.repo_id == repo_id, Rule.c.pattern == pattern)
    return conn.execute(statement).rowcount == 1


def list_rules(conn: Connection, repo_id: int) -> list[Protection]:
    """A repo's rules, by pattern."""
    statement = (
        select(Repo.c.name, Rule.c.pattern, Rule.c.allow_commits, Rule.c.author, Rule.c.created_us)
        .join(Repo, Repo.c.id == Rule.c.repo_id)
        .where(Rule.c.repo_id == repo_id)
        .order_by(Rule.c.pattern)
    )
    return [
        Protection(repo, pattern, bool(allow), author, created_us)
        for repo, pattern, allow, author, created_us in conn.execute(statement)
    ]
