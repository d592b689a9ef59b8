"""Queries on retention: rules, and which commits no rule and no ref keeps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, func, select, text, update

from datavc.db.conflict_insert import insert_into
from datavc.db.tables import Branch, Commit, OutboxEvent, RefMove, Repo, Tag
from datavc.db.tables import RetentionRule as Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datavc.model.collection import RetentionRule


_BATCH = 1000
#: Commits fetched at once.
_PAGE = 5000
#: Name of PostgreSQL's advisory lock between those who expire commits and those who name them.
_EXPIRING = 0x6461746176630002

# Each database follows an index only where it is told of the two kinds of parents in its own way.
_LED_TO_SQLITE = """
WITH RECURSIVE led_to (id, since) AS (
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:starts)
    UNION
    SELECT commits.id, since FROM led_to
    JOIN commit_parents ON commit_id = led_to.id
    JOIN commits ON commits.id = parent_id WHERE time_us >= since
    UNION
    SELECT commits.id, since FROM led_to
    JOIN provenance ON downstream = led_to.id
    JOIN commits ON commits.id = upstream WHERE time_us >= since
)
SELECT id FROM led_to
"""
_LED_TO_POSTGRESQL = """
WITH RECURSIVE led_to (id, since) AS (
    SELECT (value ->> 0) COLLATE "C", CAST(value ->> 1 AS bigint)
    FROM json_array_elements(CAST(:starts AS json))
    UNION
    SELECT commits.id, since FROM led_to
    CROSS JOIN LATERAL (
        SELECT parent_id AS id FROM commit_parents WHERE commit_id = led_to.id
        UNION ALL
        SELECT upstream FROM provenance WHERE downstream = led_to.id
    ) AS above
    JOIN commits ON commits.id = above.id WHERE time_us >= since
)
SELECT id FROM led_to
"""


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
    from datavc.db.tables import Job
    from datavc.model.job import JobState

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


def led_to(conn: Connection, starts: Mapping[str, int]) -> Iterator[Sequence[str]]:
    """The commits that *starts* lead to, those included; each once for every way of looking at it.

    What a commit was made from counts as a parent.

    Args:
        conn: a transaction.
        starts: commits, and for each the time (microseconds) before which what it leads to does
            not count.
    """
    is_postgresql = conn.dialect.name == "postgresql"
    query = _LED_TO_POSTGRESQL if is_postgresql else _LED_TO_SQLITE
    pairs = json.dumps(list(starts.items()))
    found = conn.execute(text(query), {"starts": pairs}, execution_options={"yield_per": _PAGE})
    yield from found.scalars().partitions()


def unexpired(conn: Connection, before_us: int) -> Iterator[Sequence[str]]:
    """Commits older than *before_us* whose content is kept."""
    statement = select(Commit.c.id).where(
        Commit.c.expired_us.is_(None), Commit.c.time_us < before_us
    )
    yield from conn.scalars(statement, execution_options={"yield_per": _PAGE}).partitions()


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
