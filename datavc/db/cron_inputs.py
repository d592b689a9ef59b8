"""Queries on cron inputs: when each ticks next."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from datavc.db.tables import CronInput, Pipeline


@dataclass(frozen=True, slots=True)
class CronRow:
    """A cron input of a pipeline's current version."""

    pipeline_id: int
    #: Where its ticks are committed.
    repo: str
    next_us: int
    #: Whether the repo was made for it.
    made_repo: bool


def list_of(conn: Connection, pipeline_id: int) -> list[CronRow]:
    """A pipeline's cron inputs, by repo."""
    statement = (
        select(
            CronInput.c.pipeline_id, CronInput.c.repo, CronInput.c.next_us, CronInput.c.made_repo
        )
        .where(CronInput.c.pipeline_id == pipeline_id)
        .order_by(CronInput.c.repo)
    )
    return [_row(*row) for row in conn.execute(statement)]


def replace_all(conn: Connection, pipeline_id: int, rows: list[CronRow]) -> None:
    """Let a pipeline have these cron inputs and no others."""
    conn.execute(delete(CronInput).where(CronInput.c.pipeline_id == pipeline_id))
    for row in rows:
        conn.execute(
            insert(CronInput).values(
                pipeline_id=pipeline_id,
                repo=row.repo,
                next_us=row.next_us,
                made_repo=int(row.made_repo),
            )
        )


def due(conn: Connection, time_us: int) -> list[tuple[str, CronRow]]:
    """Cron inputs of running pipelines that are due, with the pipelines' names, by these."""
    statement = (
        select(
            Pipeline.c.name,
            CronInput.c.pipeline_id,
            CronInput.c.repo,
            CronInput.c.next_us,
            CronInput.c.made_repo,
        )
        .join(Pipeline, Pipeline.c.id == CronInput.c.pipeline_id)
        .where(CronInput.c.next_us <= time_us, Pipeline.c.state == "running")
        .order_by(Pipeline.c.name, CronInput.c.repo)
    )
    return [
        (name, _row(pipeline_id, repo, next_us, made_repo))
        for name, pipeline_id, repo, next_us, made_repo in conn.execute(statement)
    ]


def next_due(conn: Connection) -> int | None:
    """When the first of all running pipelines' cron inputs ticks next; ``None`` without any."""
    return conn.scalar(
        select(func.min(CronInput.c.next_us))
        .join(Pipeline, Pipeline.c.id == CronInput.c.pipeline_id)
        .where(Pipeline.c.state == "running")
    )


def move_on(conn: Connection, row: CronRow, next_us: int) -> bool:
    """Write down the tick after this one; ``False`` where somebody else has done it."""
    statement = (
        update(CronInput)
        .where(
            CronInput.c.pipeline_id == row.pipeline_id,
            CronInput.c.repo == row.repo,
            CronInput.c.next_us == row.next_us,
        )
        .values(next_us=next_us)
    )
    return conn.execute(statement).rowcount == 1


def _rows() -> Select[int, str, int, int]:
    columns = CronInput.c
    return select(columns.pipeline_id, columns.repo, columns.next_us, columns.made_repo)


def _row(pipeline_id: int, repo: str, next_us: int, made_repo: int) -> CronRow:
    return CronRow(pipeline_id, repo, next_us, bool(made_repo))
