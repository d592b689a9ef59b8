"""Jobs, their datums, and their logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from datavc.engine import jobs, logs
from datavc.model.job import DatumInfo, JobInfo
from datavc_server.paging import Items
from datavc_server.state import JobName, Limit, State

router = APIRouter(prefix="/jobs", tags=["jobs"])

_LINES: dict[int | str, dict[str, object]] = {
    200: {
        "content": {"application/x-ndjson": {}},
        "description": "One JSON object a line: job, datum, stream, time_us, text.",
    }
}


@router.get("")
def list_jobs(
    state: State,
    pipeline: Annotated[str | None, Query(description="Only this pipeline's.")] = None,
    run: Annotated[str | None, Query(description="Only this run's; its id or a start.")] = None,
    limit: Limit = 100,
) -> Items[JobInfo]:
    """Jobs, newest first."""
    return Items(items=jobs.list_jobs(state.vs, pipeline, run, limit))


@router.get("/{job}")
def get_job(job: JobName, state: State) -> JobInfo:
    """One job, by its id or a unique start of it."""
    return jobs.get_job(state.vs, job)


@router.get("/{job}/datums")
def list_datums(job: JobName, state: State) -> Items[DatumInfo]:
    """The datums that a job ran; those it skipped are only counted."""
    return Items(items=jobs.list_datums(state.vs, job))


@router.get("/{job}/logs", responses=_LINES, response_class=Response)
def job_logs(
    job: JobName,
    state: State,
    datum: Annotated[str | None, Query(description="Only this datum's lines.")] = None,
) -> Response:
    """What a job's transforms printed, and what the engine says of it."""
    lines = logs.job_logs(state.vs, job, datum)

    def encoded() -> Iterator[bytes]:
        for line in lines:
            yield msgspec.json.encode(line) + b"\n"

    return StreamingResponse(encoded(), media_type="application/x-ndjson")
