"""Queries on the datums that run right now, and on what they have printed so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from datavc.db.clock import now_us
from datavc.db.conflict_insert import insert_into
from datavc.db.news import announce_progress
from datavc.db.tables import LiveLog, RunningDatum
from datavc.model.job import DatumInfo, DatumState


@dataclass(frozen=True, slots=True)
class RunningDatumRow:
    """A datum that runs."""

    key: bytes
    #: ``input:/path`` of each file or folder it sees.
    inputs: tuple[str, ...]
    started_us: int


@dataclass(frozen=True, slots=True)
class LivePart:
    """A part of what a running datum has printed."""

    key: bytes
    #: Place of the first byte in its log.
    start: int
    data: bytes


def add_many(conn: Connection, job_id: str, rows: Iterable[RunningDatumRow]) -> None:
    """Note datums that run; what is noted of them already stays."""
    values = [
        {
            "job_id": job_id,
            "key": row.key,
            "inputs": list(row.inputs),
            "started_us": row.started_us,
        }
        for row in sorted(rows, key=lambda row: row.key)
    ]
    if values:
        conn.execute(insert_into(conn, RunningDatum).on_conflict_do_nothing(), values)


def add_parts(conn: Connection, job_id: str, parts: Iterable[LivePart]) -> None:
    """Add to the logs of datums that are noted."""
    values = [
        {"job_id": job_id, "key": part.key, "start": part.start, "data": part.data}
        for part in sorted(parts, key=lambda part: (part.key, part.start))
    ]
    if values:
        conn.execute(insert_into(conn, LiveLog).on_conflict_do_nothing(), values)
        announce_progress(conn)


def list_running(
    conn: Connection, job_id: str, *, prefix: str = "", limit: int = 10_000
) -> list[RunningDatumRow]:
    """Datums of a job that run, by key; those whose key in hex starts with *prefix*."""
    statement = select(RunningDatum.c.key, RunningDatum.c.inputs, RunningDatum.c.started_us).where(
        RunningDatum.c.job_id == job_id
    )
    if prefix:
        first = bytes.fromhex(prefix + "0" * (len(prefix) % 2))
        last = bytes.fromhex(prefix + "f" * (len(prefix) % 2)).ljust(32, b"\xff")
        statement = statement.where(RunningDatum.c.key >= first, RunningDatum.c.key <= last)
    rows = conn.execute(statement.order_by(RunningDatum.c.key).limit(limit))
    return [RunningDatumRow(key, tuple(inputs), started) for key, inputs, started in rows]


def list_parts(
    conn: Connection, job_id: str, key: bytes, *, start: int, limit: int
) -> list[LivePart]:
    """The parts of a running datum's log in order, from the first that is not before *start*."""
    rows = conn.execute(
        select(LiveLog.c.key, LiveLog.c.start, LiveLog.c.data)
        .where(LiveLog.c.job_id == job_id, LiveLog.c.key == key, LiveLog.c.start >= start)
        .order_by(LiveLog.c.start)
        .limit(limit)
    )
    return [LivePart(*row) for row in rows]


def remove(conn: Connection, job_id: str, keys: Sequence[bytes] | None = None) -> None:
    """Forget datums of a job, or all of them, with what they printed: their results are written."""
    statement = delete(RunningDatum).where(RunningDatum.c.job_id == job_id)
    if keys is not None:
        statement = statement.where(RunningDatum.c.key.in_(keys))
    conn.execute(statement)


def ask_restart(conn: Connection, job_id: str, key: bytes, author: str) -> bool:
    """Ask for a datum to be started anew; ``False`` when it does not run."""
    statement = (
        update(RunningDatum)
        .where(RunningDatum.c.job_id == job_id, RunningDatum.c.key == key)
        .values(restart_by=author)
    )
    return conn.execute(statement).rowcount == 1


def asked_restarts(conn: Connection, job_id: str) -> dict[bytes, str]:
    """The datums of a job that are to be started anew, and who asked."""
    rows = conn.execute(
        select(RunningDatum.c.key, RunningDatum.c.restart_by).where(
            RunningDatum.c.job_id == job_id, RunningDatum.c.restart_by.is_not(None)
        )
    )
    return {key: author for key, author in rows if author is not None}


def info_of(job_id: str, row: RunningDatumRow) -> DatumInfo:
    """A datum that runs, as people see it."""
    seconds = max(0.0, (now_us() - row.started_us) / 1e6)
    return DatumInfo(job_id, row.key.hex(), DatumState.RUNNING, row.inputs, seconds, None)
