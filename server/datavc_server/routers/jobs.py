"""Jobs and their datums."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from datavc.engine import datum_control, job_control, jobs
from datavc.model.job import DatumInfo, JobInfo
from datavc_server.long_poll import KnownTag, Wait, wait_for_news
from datavc_server.paging import Items
from datavc_server.state import Author, JobName, Limit, State

router = APIRouter(prefix="/jobs", tags=["jobs"])

DatumName = Annotated[str, Path(description="A datum's id, or a unique start of it.")]


@router.post("/restart-failed")
def restart_failed_jobs(
    state: State,
    author: Author,
    pipeline: Annotated[str | None, Query(description="Only this pipeline's.")] = None,
) -> Items[JobInfo]:
    """Restart the last job of each pipeline where it failed."""
    return Items(items=job_control.restart_failed_jobs(state.vs, author, pipeline))


@router.get("")
def list_jobs(
    state: State,
    pipeline: Annotated[str | None, Query(description="Only this pipeline's.")] = None,
    run: Annotated[str | None, Query(description="Only this run's; its id or a start.")] = None,
    limit: Limit = 100,
) -> Items[JobInfo]:
    """Jobs, newest first."""
    return Items(items=jobs.list_jobs(state.vs, pipeline, run, limit))


@router.get("/{job}", responses={304: {"description": "Nothing has changed."}})
async def get_job(
    job: JobName,
    state: State,
    response: Response,
    wait: Wait = 0,
    if_none_match: KnownTag = None,
) -> JobInfo:
    """One job, by its id or a unique start of it.

    With `wait`, the answer comes once something differs from `If-None-Match`; without that, once
    the job is over.
    """

    def look() -> tuple[bool, JobInfo]:
        found = jobs.get_job(state.vs, job)
        return found.state.is_terminal, found

    found, tag = await wait_for_news(state, look, wait, if_none_match)
    if tag == if_none_match:
        # Not an error: the way to send an answer of another status past the declared model.
        return Response(status_code=304, headers={"ETag": tag})  # type: ignore[return-value]
    response.headers["ETag"] = tag
    return found


@router.post("/{job}/stop")
def stop_job(job: JobName, state: State, author: Author) -> JobInfo:
    """Kill a job that is not over; what its datums have done so far is kept."""
    return job_control.stop_job(state.vs, job, author)


@router.post("/{job}/restart")
def restart_job(job: JobName, state: State, author: Author) -> JobInfo:
    """Let a job that failed or was stopped run again; what succeeded is not done again."""
    return job_control.restart_job(state.vs, job, author)


@router.get("/{job}/datums")
def list_datums(job: JobName, state: State) -> Items[DatumInfo]:
    """The datums that a job ran; those it skipped are only counted."""
    return Items(items=jobs.list_datums(state.vs, job))


@router.get("/{job}/datums/{datum}")
def get_datum(job: JobName, datum: DatumName, state: State) -> DatumInfo:
    """One datum that a job ran, or runs."""
    return datum_control.get_datum(state.vs, job, datum)


@router.post("/{job}/datums/{datum}/restart")
def restart_datum(job: JobName, datum: DatumName, state: State, author: Author) -> DatumInfo:
    """Interrupt a datum that runs, and start it anew within a second."""
    return datum_control.restart_datum(state.vs, job, datum, author)
