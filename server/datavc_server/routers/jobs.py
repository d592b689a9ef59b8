"""Jobs, their datums, and their logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from datavc.engine import jobs, logs
from datavc.errors import Conflict, NotFound
from datavc.model.job import DatumInfo, JobInfo
from datavc.model.role import Action
from datavc_server.asking import Asker, Asking
from datavc_server.paging import Items
from datavc_server.routers.pipelines import check_pipeline
from datavc_server.state import JobName, Limit, ServerState, State

router = APIRouter(prefix="/jobs", tags=["jobs"])

#: Jobs that are looked at for an account that may see only some.
_MOST = 10_000

_LINES: dict[int | str, dict[str, object]] = {
    200: {
        "content": {"application/x-ndjson": {}},
        "description": "One JSON object a line: job, datum, stream, time_us, text.",
    }
}


@router.get("")
def list_jobs(
    state: State,
    asker: Asker,
    pipeline: Annotated[str | None, Query(description="Only this pipeline's.")] = None,
    run: Annotated[str | None, Query(description="Only this run's; its id or a start.")] = None,
    limit: Limit = 100,
) -> Items[JobInfo]:
    """Jobs of pipelines whose output may be read, newest first."""
    if pipeline is not None:
        check_pipeline(asker, pipeline, Action.READ)
    sees_all = asker.may(Action.READ)
    found = jobs.list_jobs(state.vs, pipeline, run, limit if sees_all else _MOST)
    return Items(items=asker.readable(found, lambda job: job.pipeline)[:limit])


@router.get("/{job}")
def get_job(job: JobName, state: State, asker: Asker) -> JobInfo:
    """One job, by its id or a unique start of it."""
    return _find(state, job, asker)


@router.get("/{job}/datums")
def list_datums(job: JobName, state: State, asker: Asker) -> Items[DatumInfo]:
    """The datums that a job ran; those it skipped are only counted."""
    found = _find(state, job, asker)
    return Items(items=jobs.list_datums(state.vs, found.id))


@router.get("/{job}/logs", responses=_LINES, response_class=Response)
def job_logs(
    job: JobName,
    state: State,
    asker: Asker,
    datum: Annotated[str | None, Query(description="Only this datum's lines.")] = None,
) -> Response:
    """What a job's transforms printed, and what the engine says of it."""
    found = _find(state, job, asker)
    lines = logs.job_logs(state.vs, found.id, datum)

    def encoded() -> Iterator[bytes]:
        for line in lines:
            yield msgspec.json.encode(line) + b"\n"

    return StreamingResponse(encoded(), media_type="application/x-ndjson")


def _find(state: ServerState, asked: str, asker: Asking) -> JobInfo:
    """The job, for whom may read its output; for all others there is none.

    Raises:
        NotFound: there is none.
        Conflict: the start of an id fits several.
    """
    try:
        found = jobs.get_job(state.vs, asked)
    except Conflict:
        # That several fit says that there are others than one may know of.
        if asker.may(Action.READ):
            raise
    else:
        if asker.may(Action.READ, found.pipeline):
            return found
    raise asker.hide(NotFound(f"job {asked!r} does not exist", hint="see `datavc job list`"))
