"""Ending a job without an output commit, and what that means for the jobs that wait for it."""

from __future__ import annotations

from sqlalchemy import Connection

from datavc.db import job_claims, job_events, jobs
from datavc.db.clock import now_us
from datavc.db.job_claims import JobFacts
from datavc.db.jobs import JobRow
from datavc.model.job import JobState


def end_job(conn: Connection, job: JobRow, owner: str | None, state: JobState, reason: str) -> bool:
    """Move a job to ``FAILURE`` or ``KILLED``; jobs that wait for its output become ``UNRUNNABLE``.

    Args:
        conn: a connection that may write.
        job: the job.
        owner: only if it is this engine's; ``None`` for whoever's.
        state: where it ends.
        reason: one line that says why.

    Returns:
        Whether it ended so; ``False`` when the job is somebody else's, or over already.
    """
    now = jobs.find(conn, job.id)
    if not job_claims.transition(conn, job.id, owner, state, JobFacts(reason=reason)):
        return False
    job_events.add(conn, job.id, f"{state.value}: {reason}", time_us=now_us())
    if now is not None and now.state is JobState.EGRESSING:
        # What they wait for is there.
        return True
    for waiting in jobs.downstream(conn, job.id):
        mark_unrunnable(conn, waiting.id, job)
    return True


def end_as_superseded(conn: Connection, job: JobRow, by: str) -> None:
    """End a job in favour of a later one of its pipeline, and with it those that wait for it.

    The run of the later job has jobs for the same pipelines.
    """
    for each in (job, *jobs.downstream(conn, job.id)):
        reason = (
            f"job {by} reads newer commits"
            if each is job
            else f"job {job.id} before it was superseded"
        )
        if job_claims.transition(conn, each.id, None, JobState.SUPERSEDED, JobFacts(reason=reason)):
            job_events.add(conn, each.id, f"superseded: {reason}", time_us=now_us())


def mark_unrunnable(conn: Connection, job_id: str, upstream: JobRow) -> None:
    """Give up on a job that waits for *upstream*, which has not succeeded."""
    reason = f"job {upstream.id} of pipeline {upstream.pipeline} before it did not succeed"
    if job_claims.transition(conn, job_id, None, JobState.UNRUNNABLE, JobFacts(reason=reason)):
        job_events.add(conn, job_id, f"unrunnable: {reason}", time_us=now_us())
