"""Queries on the ref log: every move of every branch and tag."""

from __future__ import annotations

from sqlalchemy import Connection, insert, literal, select

from datavc.db import tables
from datavc.model.repo import RefMove


def record(
    conn: Connection,
    repo_id: int,
    kind: str,
    name: str,
    old: str | None,
    new: str | None,
    *,
    author: str,
    reason: str,
    time_us: int,
) -> None:
    """Add a line. The functions that move refs call this themselves."""
    line = select(
        tables.Repo.c.id,
        tables.Repo.c.name,
        literal(kind),
        literal(name),
        literal(old),
        literal(new),
        literal(author),
        literal(reason),
        literal(time_us),
    ).where(tables.Repo.c.id == repo_id)
    columns = ["repo_id", "repo", "kind", "name", "old", "new", "author", "reason", "time_us"]
    conn.execute(insert(tables.RefMove).from_select(columns, line))


def list_moves(
    conn: Connection,
    repo_id: int,
    *,
    name: str | None = None,
    limit: int = 100,
    before: int | None = None,
) -> list[tuple[int, RefMove]]:
    """Moves in a repo, the latest first, each with its line number.

    Args:
        name: only of the branch or tag of this name.
        before: only lines before this number: the last one of the page before.
    """
    log = tables.RefMove.c
    statement = select(
        log.id,
        log.repo,
        log.kind,
        log.name,
        log.old,
        log.new,
        log.author,
        log.reason,
        log.time_us,
    ).where(log.repo_id == repo_id)
    if name is not None:
        statement = statement.where(log.name == name)
    if before is not None:
        statement = statement.where(log.id < before)
    rows = conn.execute(statement.order_by(log.id.desc()).limit(limit))
    return [(row[0], RefMove(*row[1:])) for row in rows]


def at_time(conn: Connection, repo_id: int, name: str, time_us: int) -> str | None:
    """The commit at which the branch or tag of that name stood at a time, or ``None``."""
    log = tables.RefMove.c
    last = (
        select(log.new)
        .where(log.repo_id == repo_id, log.name == name, log.time_us <= time_us)
        .order_by(log.id.desc())
        .limit(1)
    )
    return conn.scalar(last)
