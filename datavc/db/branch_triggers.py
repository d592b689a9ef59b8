"""Queries on the triggers of branches."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Select, delete, func, select, update

from datavc.db.conflict_insert import insert_into
from datavc.db.tables import BranchTrigger as Columns
from datavc.db.tables import Repo
from datavc.model.branch_trigger import BranchTrigger


@dataclass(frozen=True, slots=True)
class TriggerRow:
    """A branch with a trigger."""

    repo_id: int
    repo: str
    branch: str
    trigger: BranchTrigger
    #: When the trigger moved the branch last, or was made.
    moved_us: int
    #: When it fires next, by the clock.
    next_us: int | None


def put(conn: Connection, row: TriggerRow) -> None:
    """Give a branch this trigger, in place of the one that it may have."""
    trigger = row.trigger
    values = {
        "source": trigger.source,
        "commits": trigger.commits,
        "size": trigger.size,
        "rate_limit": trigger.rate_limit,
        "cron": trigger.cron,
        "all_of_them": int(trigger.all),
        "moved_us": row.moved_us,
        "next_us": row.next_us,
    }
    statement = insert_into(conn, Columns).values(repo_id=row.repo_id, branch=row.branch, **values)
    conn.execute(statement.on_conflict_do_update(index_elements=["repo_id", "branch"], set_=values))


def remove(conn: Connection, repo_id: int, branch: str) -> bool:
    """Take a branch's trigger away; ``False`` when it has none."""
    statement = delete(Columns).where(Columns.c.repo_id == repo_id, Columns.c.branch == branch)
    return conn.execute(statement).rowcount == 1


def list_of(conn: Connection, repo: str) -> list[TriggerRow]:
    """A repo's triggers, by branch."""
    return _read(conn, _rows().where(Repo.c.name == repo).order_by(Columns.c.branch))


def following(conn: Connection, repo: str, source: str) -> list[TriggerRow]:
    """The triggers that look at the commits of a branch, by branch."""
    statement = _rows().where(Repo.c.name == repo, Columns.c.source == source)
    return _read(conn, statement.order_by(Columns.c.branch))


def sized(conn: Connection) -> list[TriggerRow]:
    """The triggers that look at sizes."""
    return _read(conn, _rows().where(Columns.c.size.is_not(None)))


def due(conn: Connection, time_us: int) -> list[TriggerRow]:
    """The triggers whose time has come."""
    return _read(conn, _rows().where(Columns.c.next_us <= time_us).order_by(Columns.c.next_us))


def next_due(conn: Connection) -> int | None:
    """When the first trigger by the clock fires next; ``None`` without any."""
    return conn.scalar(select(func.min(Columns.c.next_us)))


def move_on(conn: Connection, row: TriggerRow, moved_us: int, next_us: int | None) -> bool:
    """Write down when it fired; ``False`` where somebody else did meanwhile."""
    statement = (
        update(Columns)
        .where(
            Columns.c.repo_id == row.repo_id,
            Columns.c.branch == row.branch,
            Columns.c.moved_us == row.moved_us,
            Columns.c.next_us.is_not_distinct_from(row.next_us),
        )
        .values(moved_us=moved_us, next_us=next_us)
    )
    return conn.execute(statement).rowcount == 1


def _rows() -> Select[*tuple[object, ...]]:
    return select(
        Columns.c.repo_id,
        Repo.c.name,
        Columns.c.branch,
        Columns.c.source,
        Columns.c.commits,
        Columns.c.size,
        Columns.c.rate_limit,
        Columns.c.cron,
        Columns.c.all_of_them,
        Columns.c.moved_us,
        Columns.c.next_us,
    ).join(Repo, Repo.c.id == Columns.c.repo_id)


def _read(conn: Connection, statement: Select[*tuple[object, ...]]) -> list[TriggerRow]:
    return [
        TriggerRow(
            row.repo_id,
            row.name,
            row.branch,
            BranchTrigger(
                row.source,
                row.commits,
                row.size,
                row.rate_limit,
                row.cron,
                bool(row.all_of_them),
            ),
            row.moved_us,
            row.next_us,
        )
        for row in conn.execute(statement)
    ]
