"""Jobs and their datums."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from datavc.engine import datum_control, job_control, jobs
from datavc.errors import Conflict, NotFound
from datavc.model.job import DatumInfo, JobInfo
from datavc.model.role import Action
from datavc_server.asking import Asker, Asking
from datavc_server.long_poll import KnownTag, Wait, wait_for_news
from datavc_server.paging import Items, Page, decode_cursor, page_of
from datavc_server.routers.pipelines import check_pipeline
from datavc_server.state import Author, Cursor, JobName, Limit, ServerState, State

router = APIRouter(prefix="/jobs", tags=["jobs"])

DatumName = Annotated[str, Path(description="A datum's id, or a unique start of it.")]


@router.post("/restart-failed")
def restart_failed_jobs(
    state: State,
    author: Author,
    asker: Asker,
    pipeline: Annotated[str | None, Query(description="Only this pipeline's.")] = None,
) -> Items[JobInfo]:
    """Restart the last job of each pipeline where it failed."""
    if pipeline is None:
        asker.require(Action.WRITE)
    else:
        check_pipeline(asker, pipeline, Action.WRITE)
    return Items(items=job_control.restart_failed_jobs(state.vs, author, pipeline))


@router.get("")
def list_jobs(
    state: State,
    asker: Asker,
    pipeline: Annotated[str | None, Query(description="Only this pipeline's.")] = None,
    run: Annotated[str | None, Query(description="Only this run's; its id or a start.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[JobInfo]:
    """Jobs of pipelines whose output may be read, newest first."""
    if pipeline is not None:
        check_pipeline(asker, pipeline, Action.READ)
    found = _readable_jobs(state, asker, pipeline, run, decode_cursor(cursor) or None, limit + 1)
    return page_of(found, limit, lambda job: job.id)


@router.get("/{job}", responses={304: {"description": "Nothing has changed."}})
async def get_job(
    job: JobName,
    state: State,
    response: Response,
    asker: Asker,
    wait: Wait = 0,
    if_none_match: KnownTag = None,
) -> JobInfo:
    """One job, by its id or a unique start of it.

    With `wait`, the answer comes once something differs from `If-None-Match`; without that, once
    the job is over.
    """

    def look() -> tuple[bool, JobInfo]:
        found = find_job(state, job, asker)
        return found.state.is_terminal, found

    found, tag = await wait_for_news(state, look, wait, if_none_match)
    if tag == if_none_match:
        # Not an error: the way to send an answer of another status past the declared model.
        return Response(status_code=304, headers={"ETag": tag})  # type: ignore[return-value]
    response.headers["ETag"] = tag
    return found


@router.post("/{job}/stop")
def stop_job(job: JobName, state: State, author: Author, asker: Asker) -> JobInfo:
    """Kill a job that is not over; what its datums have done so far is kept."""
    found = find_job(state, job, asker, Action.WRITE)
    return job_control.stop_job(state.vs, found.id, author)


@router.post("/{job}/restart")
def restart_job(job: JobName, state: State, author: Author, asker: Asker) -> JobInfo:
    """Let a job that failed or was stopped run again; what succeeded is not done again."""
    found = find_job(state, job, asker, Action.WRITE)
    return job_control.restart_job(state.vs, found.id, author)


@router.get("/{job}/datums")
def list_datums(
    job: JobName, state: State, asker: Asker, limit: Limit = 1000, cursor: Cursor = None
) -> Page[DatumInfo]:
    """The datums that a job ran, by key; those it skipped are only counted.

    The first page begins with those that run, beside as many others as `limit` says.
    """
    job_id = find_job(state, job, asker).id
    found = jobs.page_of_datums(state.vs, job_id, decode_cursor(cursor), limit + 1)
    page = page_of(iter(found), limit, lambda datum: datum.id)
    if cursor is None:
        page.items = [*jobs.running_datums_of(state.vs, job_id), *page.items]
    return page


@router.get("/{job}/datums/{datum}")
def get_datum(job: JobName, datum: DatumName, state: State, asker: Asker) -> DatumInfo:
    """One datum that a job ran, or runs."""
    return datum_control.get_datum(state.vs, find_job(state, job, asker).id, datum)


@router.post("/{job}/datums/{datum}/restart")
def restart_datum(
    job: JobName, datum: DatumName, state: State, author: Author, asker: Asker
) -> DatumInfo:
    """Interrupt a datum that runs, and start it anew within a second."""
    found = find_job(state, job, asker, Action.WRITE)
    return datum_control.restart_datum(state.vs, found.id, datum, author)


def _readable_jobs(
    state: ServerState,
    asker: Asking,
    pipeline: str | None,
    run: str | None,
    before: str | None,
    count: int,
) -> Iterator[JobInfo]:
    """Jobs that may be read, looked up *count* at a time, since any of them may be hidden."""
    while True:
        found = jobs.list_jobs(state.vs, pipeline, run, count, before)
        yield from asker.readable(found, lambda job: job.pipeline)
        if len(found) < count:
            return
        before = found[-1].id


def find_job(
    state: ServerState, asked: str, asker: Asking, action: Action = Action.READ
) -> JobInfo:
    """The job, for whom may read its output; for all others there is none.

    Raises:
        NotFound: there is none.
        Conflict: the start of an id fits several.
        AccessDenied: its output may be read, and *action* is not allowed there.
    """
    try:
        found = jobs.get_job(state.vs, asked)
    except Conflict:
        # That several fit says that there are others than one may know of.
        if asker.may(Action.READ):
            raise
    else:
        if asker.may(Action.READ, found.pipeline):
            asker.require(action, found.pipeline)
            return found
    raise asker.hide(NotFound(f"job {asked!r} does not exist", hint="see `datavc job list`"))
