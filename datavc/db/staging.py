"""Queries on staging: the change sets put on a branch and not committed yet, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, literal, select

from datavc.db.record_columns import record_columns, record_of, record_values
from datavc.db.tables import Branch, Staged
from datavc.errors import NotFound
from datavc.model.change_set import StagedRecord
from datavc.model.repo import StagedChange

# Ids given to one statement.
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class StagedRow:
    """A staged change set: as people see it, and where its record lies."""

    change: StagedChange
    record: StagedRecord


def add(
    conn: Connection,
    repo_id: int,
    branch: str,
    record: StagedRecord,
    *,
    author: str,
    time_us: int,
) -> StagedChange:
    """Put a stored change set at the end of a branch's staging.

    Raises:
        NotFound: there is no such branch.
    """
    columns: dict[str, ColumnElement[Any]] = {
        "repo_id": Branch.c.repo_id,
        "branch": Branch.c.name,
        "author": literal(author),
        "staged_us": literal(time_us),
        **{name: literal(value) for name, value in record_values(record).items()},
    }
    row = select(*columns.values()).where(Branch.c.repo_id == repo_id, Branch.c.name == branch)
    staged_id = conn.scalar(insert(Staged).from_select(list(columns), row).returning(Staged.c.id))
    if staged_id is None:
        raise NotFound(f"branch {branch!r} does not exist", hint="create it first")
    return StagedChange(staged_id, author, time_us, record.puts, record.removals, record.bytes)


def list_staged(
    conn: Connection, repo_id: int, branch: str, *, after: int = 0, limit: int | None = None
) -> list[StagedRow]:
    """A branch's staging in order, from the first id past *after*; all of it without *limit*."""
    statement = (
        select(Staged.c.id, Staged.c.author, Staged.c.staged_us, *record_columns(Staged))
        .where(Staged.c.repo_id == repo_id, Staged.c.branch == branch, Staged.c.id > after)
        .order_by(Staged.c.id)
        .limit(limit)
    )
    return [
        _staged_row(number, author, time_us, record_of(values))
        for number, author, time_us, *values in conn.execute(statement)
    ]


def _staged_row(number: int, author: str, time_us: int, record: StagedRecord) -> StagedRow:
    change = StagedChange(number, author, time_us, record.puts, record.removals, record.bytes)
    return StagedRow(change, record)


def extent(conn: Connection, repo_id: int, branch: str) -> tuple[int, int, int]:
    """How many change sets are staged on a branch, the newest one's id (0: none), and its time.

    Ids are never used again, so equal answers mean equal staging.
    """
    statement = select(
        func.count(),
        func.coalesce(func.max(Staged.c.id), 0),
        func.coalesce(func.max(Staged.c.staged_us), 0),
    ).where(Staged.c.repo_id == repo_id, Staged.c.branch == branch)
    number, newest, time_us = conn.execute(statement).one()
    return number, newest, time_us


def count(conn: Connection, repo_id: int, branch: str) -> int:
    """How many change sets are staged on a branch."""
    statement = (
        select(func.count())
        .select_from(Staged)
        .where(Staged.c.repo_id == repo_id, Staged.c.branch == branch)
    )
    return conn.execute(statement).scalar_one()


def remove(conn: Connection, ids: Sequence[int]) -> int:
    """Take change sets off staging.

    Returns:
        How many were there. Fewer than asked for means that somebody else has committed or
        dropped some meanwhile: the transaction must then be undone.
    """
    removed = 0
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        removed += conn.execute(delete(Staged).where(Staged.c.id.in_(batch))).rowcount
    return removed
