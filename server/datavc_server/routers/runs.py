"""Runs: all that followed from one commit."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel

from datavc.engine import jobs
from datavc.model.job import JobInfo
from datavc_server.asking import Asker
from datavc_server.long_poll import KnownTag, Wait, wait_for_news
from datavc_server.state import State

router = APIRouter(prefix="/runs", tags=["jobs"])


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
    wait: Wait = 0,
    if_none_match: KnownTag = None,
) -> RunStatus:
    """The jobs of a run whose output may be read, and whether all of it is over.

    With `wait`, the answer comes once something differs from `If-None-Match`; without that, once
    the run is over.
    """

    def look() -> tuple[bool, tuple[bool, list[JobInfo]]]:
        over, infos = jobs.look_at_run(state.vs, run)
        return over, (over, asker.readable(infos, lambda job: job.pipeline))

    (over, infos), tag = await wait_for_news(state, look, wait, if_none_match)
    if tag == if_none_match:
        # Not an error: the way to send an answer of another status past the declared model.
        return Response(status_code=304, headers={"ETag": tag})  # type: ignore[return-value]
    response.headers["ETag"] = tag
    return RunStatus(over=over, jobs=infos)
