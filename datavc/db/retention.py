"""Queries on retention: rules, and which commits no rule and no ref keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, func, select, update

from datavc.db.conflict_insert import insert_into
from datavc.db.tables import (
    Branch,
    Commit,
    CommitParent,
    Job,
    OutboxEvent,
    Provenance,
    RefMove,
    Repo,
    Tag,
)
from datavc.db.tables import RetentionRule as Rule
from datavc.model.job import JobState

if TYPE_CHECKING:
    from datavc.model.collection import RetentionRule

_BATCH = 1000
#: Name of PostgreSQL's advisory lock between those who expire commits and those who name them.
_EXPIRING = 0x6461746176630002


def set_rule(
    conn: Connection, repo_id: int, pattern: str, keep_us: int, *, author: str, time_us: int
) -> None:
    """Add a rule, or change the one of that pattern."""
    values = {"keep_us": keep_us, "author": author, "created_us": time_us}
    statement = insert_into(conn, Rule).values(repo_id=repo_id, pattern=pattern, **values)
    conn.execute(
        statement.on_conflict_do_update(index_elements=["repo_id", "pattern"], set_=values)
    )


def remove_rule(conn: Connection, repo_id: int, pattern: str) -> bool:
    """Drop a rule; ``False`` when there is none."""
    statement = delete(Rule).where(Rule.c.repo_id == repo_id, Rule.c.pattern == pattern)
    return conn.execute(statement).rowcount == 1


def list_rules(conn: Connection, repo_id: int | None = None) -> list[RetentionRule]:
    """The rules of a repo, or of all."""
    from datavc.model.collection import RetentionRule

    statement = select(
        Repo.c.name, Rule.c.pattern, Rule.c.keep_us, Rule.c.author, Rule.c.created_us
    ).join(Repo, Repo.c.id == Rule.c.repo_id)
    if repo_id is not None:
        statement = statement.where(Rule.c.repo_id == repo_id)
    rows = conn.execute(statement.order_by(Repo.c.name, Rule.c.pattern))
    return [
        RetentionRule(repo, pattern, keep_us // 1_000_000, author, created_us)
        for repo, pattern, keep_us, author, created_us in rows
    ]


def heads(conn: Connection) -> list[tuple[str, str, str]]:
    """Repo, branch and head of every branch that has one."""
    statement = (
        select(Repo.c.name, Branch.c.name, Branch.c.head)
        .join(Repo, Repo.c.id == Branch.c.repo_id)
        .where(Branch.c.head.is_not(None))
    )
    return [(repo, name, head) for repo, name, head in conn.execute(statement) if head is not None]


def named(conn: Connection, moved_since_us: int) -> set[str]:
    """Commits that tags name, or that a ref stood at since *moved_since_us*."""
    found: set[str] = set(conn.scalars(select(Tag.c.commit_id)))
    moves = select(RefMove.c.old, RefMove.c.new).where(RefMove.c.time_us >= moved_since_us)
    for old, new in conn.execute(moves):
        found.update(one for one in (old, new) if one is not None)
    return found


def at_work(conn: Connection) -> set[str]:
    """Commits that events and jobs which are not done yet refer to."""
    found: set[str] = set()
    for payload in conn.scalars(select(OutboxEvent.c.payload)):
        commit = payload.get("commit")
        if isinstance(commit, str):
            found.add(commit)
    running = select(Job.c.inputs).where(
        Job.c.state.not_in([state.value for state in JobState if state.is_terminal])
    )
    for inputs in conn.scalars(running):
        found.update(one["commit"] for one in inputs if one.get("commit") is not None)  # type: ignore[misc]
    return found


def parents(conn: Connection, commits: Sequence[str]) -> list[tuple[str, str, int]]:
    """Child, parent and the parent's time, for those of *commits* that have parents.

    What a commit was made from counts as a parent.
    """
    found: list[tuple[str, str, int]] = []
    for start in range(0, len(commits), _BATCH):
        batch = commits[start : start + _BATCH]
        above = (
            (CommitParent.c.commit_id, CommitParent.c.parent_id),
            (Provenance.c.downstream, Provenance.c.upstream),
        )
        for child, parent in above:
            statement = (
                select(child, parent, Commit.c.time_us)
                .join(Commit, Commit.c.id == parent)
                .where(child.in_(batch))
            )
            found += [(below, over, time_us) for below, over, time_us in conn.execute(statement)]
    return found


def unexpired(conn: Connection, before_us: int) -> list[str]:
    """Commits older than *before_us* whose content is kept."""
    statement = select(Commit.c.id).where(
        Commit.c.expired_us.is_(None), Commit.c.time_us < before_us
    )
    return list(conn.scalars(statement))


def expire(conn: Connection, commits: Sequence[str], *, time_us: int) -> None:
    """Give up the content of commits."""
    for start in range(0, len(commits), _BATCH):
        batch = commits[start : start + _BATCH]
        conn.execute(update(Commit).where(Commit.c.id.in_(batch)).values(expired_us=time_us))


def is_expired(conn: Connection, commit: str) -> bool:
    """Whether a commit's content was given up."""
    return conn.scalar(select(Commit.c.expired_us).where(Commit.c.id == commit)) is not None


def exclude_ref_moves(conn: Connection) -> None:
    """Wait for transactions that let a ref point at an old commit, and let none begin to.

    SQLite has one writer at a time anyway.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(_EXPIRING)))


def announce_ref_move(conn: Connection) -> None:
    """Said by a transaction before it looks up what a ref shall point at."""
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock_shared(_EXPIRING)))
