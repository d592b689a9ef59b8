"""Logs of jobs and pipelines, as far as they are there or as they come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from datavc.engine.log_follow import LogFollower
from datavc.engine.logs import read_logs
from datavc.model.job import LogLine
from datavc.model.log_query import LogQuery
from datavc.model.role import Action
from datavc_server.asking import Asker
from datavc_server.routers.jobs import find_job
from datavc_server.routers.pipelines import check_pipeline
from datavc_server.state import JobName, ServerState, State

router = APIRouter(tags=["jobs"])

_NDJSON = "application/x-ndjson"
_LINES: dict[int | str, dict[str, object]] = {
    200: {
        "content": {_NDJSON: {}},
        "description": "One JSON object a line: job, datum, stream, time_us, text. While nothing "
        "comes, an empty line every few seconds.",
    }
}
#: Seconds between two looks for new lines, and after which there is one without any news.
_REST = 0.05
_LONGEST_REST = 5.0
#: Seconds after which an empty line says that the server is still there.
_SIGN_OF_LIFE = 10.0
#: Lines that are sent together.
_BATCH = 500

Datum = Annotated[str | None, Query(description="Only this datum's lines.")]
Since = Annotated[str, Query(description="Only lines from this time on, as `5 minutes ago`.")]
Text = Annotated[str, Query(description="Only lines with this in them, whatever the case.")]
Tail = Annotated[int | None, Query(ge=0, le=100_000, description="Only the last lines.")]
Follow = Annotated[bool, Query(description="Go on with lines as they are printed.")]


@router.get("/logs", responses=_LINES, response_class=Response)
def logs(
    state: State,
    asker: Asker,
    job: Annotated[str | None, Query(description="Of this job.")] = None,
    pipeline: Annotated[str | None, Query(description="Of all jobs of this pipeline.")] = None,
    datum: Datum = None,
    since: Since = "",
    text: Text = "",
    tail: Tail = None,
    follow: Follow = False,
) -> Response:
    """What the transforms of a job or pipeline printed, and what the engine says of them."""
    query = LogQuery(job, pipeline, datum, since, text, tail)
    if pipeline is not None:
        check_pipeline(asker, pipeline, Action.READ)
    if job is not None:
        query = replace(query, job=find_job(state, job, asker).id)
    return _answer(state, query, follow=follow)


@router.get("/jobs/{job}/logs", responses=_LINES, response_class=Response)
def job_logs(
    job: JobName,
    state: State,
    asker: Asker,
    datum: Datum = None,
    since: Since = "",
    text: Text = "",
    tail: Tail = None,
    follow: Follow = False,
) -> Response:
    """The same of one job."""
    found = find_job(state, job, asker).id
    query = LogQuery(job=found, datum=datum, since=since, text=text, tail=tail)
    return _answer(state, query, follow=follow)


def _answer(state: ServerState, query: LogQuery, *, follow: bool) -> Response:
    if follow:
        lines = _follow(state, LogFollower(state.vs, query))
        return StreamingResponse(lines, media_type=_NDJSON)
    return StreamingResponse(_batches(read_logs(state.vs, query)), media_type=_NDJSON)


def _batches(lines: Iterable[LogLine]) -> Iterator[bytes]:
    remaining = iter(lines)
    while batch := list(islice(remaining, _BATCH)):
        yield b"".join(msgspec.json.encode(line) + b"\n" for line in batch)


async def _follow(state: ServerState, follower: LogFollower) -> AsyncIterator[bytes]:
    """Holds no thread while nothing comes."""
    sent = time.monotonic()
    while not follower.is_over and not state.stopping.is_set():
        seen = state.news.count
        batches = _batches(follower.poll())
        while batch := await run_in_threadpool(next, batches, b""):
            yield batch
            sent = time.monotonic()
        if time.monotonic() - sent > _SIGN_OF_LIFE:
            yield b"\n"
            sent = time.monotonic()
        if not follower.is_over:
            await state.news.wait(seen, _LONGEST_REST)
            await asyncio.sleep(_REST)
