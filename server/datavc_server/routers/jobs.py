"""Jobs, their datums, and their logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from datavc.engine import jobs, logs
from datavc.model.job import DatumInfo, JobInfo
from datavc_server.paging import Page, decode_cursor, page_of
from datavc_server.state import Cursor, JobName, Limit, State

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
    cursor: Cursor = None,
) -> Page[JobInfo]:
    """Jobs, newest first."""
    before = decode_cursor(cursor) or None
    found = jobs.list_jobs(state.vs, pipeline, run, limit + 1, before)
    return page_of(iter(found), limit, lambda job: job.id)


@router.get("/{job}")
def get_job(job: JobName, state: State) -> JobInfo:
    """One job, by its id or a unique start of it."""
    return jobs.get_job(state.vs, job)


@router.get("/{job}/datums")
def list_datums(
    job: JobName, state: State, limit: Limit = 1000, cursor: Cursor = None
) -> Page[DatumInfo]:
    """The datums that a job ran, by key; those it skipped are only counted."""
    found = jobs.page_of_datums(state.vs, job, decode_cursor(cursor), limit + 1)
    return page_of(iter(found), limit, lambda datum: datum.id)


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
