"""Runs: all that followed from one commit."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from datavc.engine import jobs
from datavc.model.ids import digest_of
from datavc.model.job import JobInfo
from datavc_server.asking import Asker
from datavc_server.state import State

router = APIRouter(prefix="/runs", tags=["jobs"])

#: Longest time that an answer waits, in seconds: less than what networks in between allow.
LONGEST_WAIT = 30.0
_POLL_SECONDS = 0.1


class RunStatus(BaseModel):
    """Where a run stands."""

    over: bool
    #: The first one first.
    jobs: list[JobInfo]


@router.get("/{run}", responses={304: {"description": "Nothing has changed."}})
async def get_run(
    run: Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="A run's id.")],
    state: State,
    response: Response,
    asker: Asker,
    wait: Annotated[
        float, Query(ge=0, le=LONGEST_WAIT, description="Seconds to wait at most for news.")
    ] = 0,
    if_none_match: Annotated[str | None, Header(description="The `ETag` known already.")] = None,
) -> RunStatus:
    """The jobs of a run whose output may be read, and whether all of it is over.

    With `wait`, the answer comes once something differs from `If-None-Match`; without that, once
    the run is over.
    """
    deadline = time.monotonic() + wait
    while True:
        over, all_infos = await run_in_threadpool(jobs.look_at_run, state.vs, run)
        infos = asker.readable(all_infos, lambda job: job.pipeline)
        etag = f'"{digest_of(msgspec.json.encode([over, infos])).hex()[:32]}"'
        has_news = over if if_none_match is None else etag != if_none_match
        if has_news or time.monotonic() >= deadline or state.stopping.is_set():
            break
        await asyncio.sleep(_POLL_SECONDS)
    if etag == if_none_match:
        # Not an error: the way to send an answer of another status past the declared model.
        return Response(status_code=304, headers={"ETag": etag})  # type: ignore[return-value]
    response.headers["ETag"] = etag
    return RunStatus(over=over, jobs=infos)
