"""Queries on what jobs reach by S3, and on what they put out by it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete, func, insert, select, update

from datavc.db.clock import now_us
from datavc.db.record_columns import record_columns, record_of, record_values
from datavc.db.tables import Job, Pipeline, Repo, S3Session, S3SessionChange, S3Upload
from datavc.model import s3_session
from datavc.model.change_set import StagedRecord
from datavc.model.job import JobState
from datavc.model.s3_session import InputBucket

#: Ids given to one statement.
_BATCH = 500


def add(conn: Connection, session: s3_session.S3Session, owner: str, sealed: bytes) -> None:
    """Add a session; its job is *owner*'s."""
    conn.execute(
        insert(S3Session).values(
            id=session.id,
            sealed=sealed,
            job_id=session.job_id,
            owner=owner,
            repo_id=session.repo_id,
            branch=session.branch,
            inputs=[[one.name, one.repo, one.commit] for one in session.inputs],
            has_output=int(session.has_output),
            closed=0,
            created_us=session.created_us,
        )
    )


def find_open(
    conn: Connection, session_id: str, *, at_us: int | None = None
) -> tuple[s3_session.S3Session, bytes] | None:
    """A session and its encrypted secret, while it opens anything; ``None`` otherwise.

    It opens something while its job runs with the engine that it is from, whose lease holds.

    Args:
        session_id: the access key id.
        at_us: the time to judge leases by; now, unless given.
    """
    columns = S3Session.c
    row = conn.execute(
        select(
            Pipeline.c.name,
            columns.job_id,
            columns.inputs,
            columns.repo_id,
            Repo.c.name,
            columns.branch,
            columns.has_output,
            columns.created_us,
            columns.sealed,
        )
        .join(Job, Job.c.id == columns.job_id)
        .join(Pipeline, Pipeline.c.id == Job.c.pipeline_id)
        .join(Repo, Repo.c.id == columns.repo_id)
        .where(
            columns.id == session_id,
            columns.closed == 0,
            Job.c.state == JobState.RUNNING.value,
            Job.c.owner == columns.owner,
            Job.c.lease_until_us > (now_us() if at_us is None else at_us),
        )
    ).first()
    if row is None:
        return None
    pipeline, job_id, inputs, repo_id, repo, branch, has_output, created_us, sealed = row
    buckets = tuple(InputBucket(*one) for one in inputs)
    return (
        s3_session.S3Session(
            session_id, pipeline, job_id, buckets, repo_id, repo, branch, bool(has_output),
            created_us,
        ),
        sealed,
    )  # fmt: skip


def lock_open(conn: Connection, session_id: str) -> bool:
    """Keep a session from being closed before this transaction ends; ``False`` when it is over."""
    columns = S3Session.c
    found = conn.scalar(
        select(columns.id)
        .join(Job, Job.c.id == columns.job_id)
        .where(
            columns.id == session_id,
            columns.closed == 0,
            Job.c.state == JobState.RUNNING.value,
            Job.c.owner == columns.owner,
        )
        .with_for_update(of=S3Session)
    )
    return found is not None


def close(conn: Connection, session_id: str) -> bool:
    """Let a session open nothing any more; what it put out is kept. ``False``: it is gone."""
    statement = update(S3Session).where(S3Session.c.id == session_id).values(closed=1)
    return conn.execute(statement).rowcount == 1


def remove(conn: Connection, session_ids: Collection[str]) -> None:
    """Forget sessions with all that they put out."""
    wanted = sorted(session_ids)
    for start in range(0, len(wanted), _BATCH):
        batch = wanted[start : start + _BATCH]
        conn.execute(delete(S3Upload).where(S3Upload.c.session_id.in_(batch)))
        conn.execute(delete(S3Session).where(S3Session.c.id.in_(batch)))


def remove_of_job(conn: Connection, job_id: str) -> None:
    """Forget all sessions of a job."""
    sessions = select(S3Session.c.id).where(S3Session.c.job_id == job_id)
    conn.execute(delete(S3Upload).where(S3Upload.c.session_id.in_(sessions)))
    conn.execute(delete(S3Session).where(S3Session.c.job_id == job_id))


def add_change(conn: Connection, session_id: str, record: StagedRecord, *, time_us: int) -> None:
    """Put a stored change set behind what a session has put out."""
    conn.execute(
        insert(S3SessionChange).values(
            session_id=session_id,
            time_us=time_us,
            **record_values(record),
        )
    )


def list_changes(conn: Connection, session_id: str, *, after: int = 0) -> list[StagedRecord]:
    """What a session has put out, in order, from the first id past *after*."""
    columns = S3SessionChange.c
    statement = (
        select(*record_columns(S3SessionChange))
        .where(columns.session_id == session_id, columns.id > after)
        .order_by(columns.id)
    )
    return [record_of(row) for row in conn.execute(statement)]


def extent(conn: Connection, session_id: str) -> tuple[int, int, int]:
    """How many change sets a session has put out, the newest one's id (0: none), and its time.

    Ids are never used again, so equal answers mean an equal output.
    """
    columns = S3SessionChange.c
    statement = select(
        func.count(),
        func.coalesce(func.max(columns.id), 0),
        func.coalesce(func.max(columns.time_us), 0),
    ).where(columns.session_id == session_id)
    number, newest, time_us = conn.execute(statement).one()
    return number, newest, time_us
