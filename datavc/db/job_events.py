"""Queries on what the engine says of a job, line by line."""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select

from datavc.db.news import announce_progress
from datavc.db.tables import JobEvent
from datavc.model.job import LogLine


def add(conn: Connection, job_id: str, text: str, *, time_us: int) -> None:
    """Add a line."""
    conn.execute(insert(JobEvent).values(job_id=job_id, time_us=time_us, text=text))
    announce_progress(conn)


def list_lines(
    conn: Connection, job_id: str, *, after: int = 0, limit: int = 1000
) -> list[tuple[int, LogLine]]:
    """A job's lines in order, each with its number, from the first number past *after*."""
    rows = conn.execute(
        select(JobEvent.c.id, JobEvent.c.time_us, JobEvent.c.text)
        .where(JobEvent.c.job_id == job_id, JobEvent.c.id > after)
        .order_by(JobEvent.c.id)
        .limit(limit)
    )
    return [
        (number, LogLine(job_id, None, "engine", time_us, text)) for number, time_us, text in rows
    ]


def last_number(conn: Connection, job_id: str) -> int:
    """The number of a job's last line; 0 when there is none."""
    found = conn.scalar(select(func.max(JobEvent.c.id)).where(JobEvent.c.job_id == job_id))
    return found or 0
