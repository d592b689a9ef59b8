"""What people do to jobs: stop them, and restart those that failed."""

from __future__ import annotations

from sqlalchemy import Connection

from datavc.db import job_claims, job_events, jobs, pipelines
from datavc.db.clock import now_us
from datavc.db.jobs import JobRow
from datavc.engine.job_end import end_job
from datavc.engine.jobs import find_job
from datavc.engine.run_jobs import all_pipelines, in_topological_order
from datavc.errors import Conflict, NotFound
from datavc.model.job import JobInfo, JobState
from datavc.versioning.versioned_store import VersionedStore

#: Later jobs of a pipeline in these states build upon what stands before them.
_BUILT = (JobState.RUNNING, JobState.FINISHING, JobState.EGRESSING, JobState.SUCCESS)


def stop_job(vs: VersionedStore, job: str, author: str) -> JobInfo:
    """Kill a job that is not over; jobs that wait for its output become unrunnable.

    The datums that have ended are kept. An engine that works on the job notices within seconds.

    Raises:
        NotFound: there is no such job.
        Conflict: it is over already, or the prefix fits several.
    """
    with vs.db.write() as conn:
        row = find_job(conn, job)
        if not end_job(conn, row, None, JobState.KILLED, f"stopped by {author}"):
            raise Conflict(f"job {row.id} is over: {row.state.value}")
        return find_job(conn, row.id).info


def restart_job(vs: VersionedStore, job: str, author: str) -> JobInfo:
    """Let a job that failed, was killed or was unrunnable run again, in its place in the queue.

    Datums that succeeded are not run again. The jobs of its run that had to be given up because
    of it wait for it again.

    Raises:
        NotFound: there is no such job.
        Conflict: it is not over or it succeeded; the pipeline has moved on since; what it waits
            for has not succeeded; or the prefix fits several.
    """
    with vs.db.write() as conn:
        row = find_job(conn, job)
        _check_restartable(conn, row)
        _restart(conn, row, author)
        return find_job(conn, row.id).info


def restart_failed_jobs(
    vs: VersionedStore, author: str, pipeline: str | None = None
) -> list[JobInfo]:
    """Restart the last job of each pipeline, or of one, where it failed.

    Jobs that somebody stopped stay so.

    Raises:
        NotFound: there is no such pipeline.
    """
    with vs.db.write() as conn:
        rows = in_topological_order(all_pipelines(conn))
        if pipeline is not None:
            rows = [row for row in rows if row.name == pipeline]
            if not rows:
                raise NotFound(
                    f"pipeline {pipeline!r} does not exist", hint="see `datavc pipeline list`"
                )
        restarted: list[str] = []
        for row in rows:
            last = jobs.list_jobs(conn, pipeline_id=row.id, limit=1, reproducing=False)
            if last and last[0].state is JobState.FAILURE and not _obstacle(conn, last[0]):
                _restart(conn, last[0], author)
                restarted.append(last[0].id)
        return [find_job(conn, job_id).info for job_id in restarted]


def _restart(conn: Connection, row: JobRow, author: str) -> None:
    _wait_again(conn, row, f"restarted by {author}")
    for waiting in jobs.downstream(conn, row.id):
        # In the order in which they were made, so that what one waits for comes before it.
        if waiting.state is JobState.UNRUNNABLE and not _obstacle(conn, waiting):
            _wait_again(conn, waiting, f"waits again, since job {row.id} was restarted")


def _wait_again(conn: Connection, row: JobRow, text: str) -> None:
    job_claims.transition(conn, row.id, None, JobState.WAITING)
    job_events.add(conn, row.id, text, time_us=now_us())


def _check_restartable(conn: Connection, row: JobRow) -> None:
    if not row.state.is_terminal:
        raise Conflict(
            f"job {row.id} is not over: {row.state.value}", hint="stop it first, or wait for it"
        )
    if not row.state.is_failed:
        raise Conflict(
            f"job {row.id} ended as {row.state.value}, so nothing of it is left to be done",
            hint=f"run its pipeline again: datavc pipeline run {row.pipeline}",
        )
    obstacle = _obstacle(conn, row)
    if obstacle is not None:
        raise obstacle


def _obstacle(conn: Connection, row: JobRow) -> Conflict | None:
    """What keeps a job that failed from being restarted."""
    if row.reproduces is not None:
        # It runs the version that made its commit, and changes no branch.
        return None
    run_anew = f"run its pipeline on what is there now: datavc pipeline run {row.pipeline}"
    pipeline = pipelines.find(conn, row.pipeline)
    if pipeline is None or pipeline.version != row.version:
        return Conflict(
            f"job {row.id} belongs to version {row.version} of pipeline {row.pipeline!r}, "
            "which is not its current one",
            hint=run_anew,
        )
    if pipeline.state != "running":
        return Conflict(
            f"pipeline {row.pipeline!r} is stopped",
            hint=f"start it: datavc pipeline start {row.pipeline}",
        )
    later = _built_later(conn, row)
    if later is not None:
        return Conflict(
            f"job {later.id} came after job {row.id}, and reads newer commits", hint=run_anew
        )
    for before in jobs.upstream(conn, row.id):
        if before.state.is_terminal and not before.has_landed:
            return Conflict(
                f"job {row.id} waits for job {before.id} of pipeline {before.pipeline!r}, "
                f"which ended as {before.state.value}",
                hint=f"restart that one: datavc job restart {before.id}",
            )
    return None


def _built_later(conn: Connection, row: JobRow) -> JobRow | None:
    """The newest job that came after *row* and builds, or has built, upon what stood then."""
    built = jobs.list_jobs(
        conn, pipeline_id=row.pipeline_id, states=_BUILT, limit=1, reproducing=False
    )
    landed = jobs.last_landed(conn, row.pipeline_id, before=2**31 - 1)
    found = [*built, *([] if landed is None else [landed])]
    return next((job for job in found if job.sequence > row.sequence), None)
