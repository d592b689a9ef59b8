"""Jobs and logs as they come, by server-sent events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Response

from datavc.engine.job_feed import JobFeed
from datavc.engine.log_follow import LogFollower
from datavc.engine.log_place import LogPlace
from datavc.errors import DatavcError
from datavc.model.ids import digest_of
from datavc.model.job import LogLine
from datavc.model.log_query import LogQuery
from datavc.model.role import Action
from datavc_server.asking import Asker, Asking
from datavc_server.event_stream import (
    EVENTS,
    Event,
    Found,
    LastEventId,
    answer_events,
    split_end,
    with_end,
)
from datavc_server.routers.jobs import find_job
from datavc_server.routers.logs import Datum, Since, Tail, Text
from datavc_server.routers.pipelines import check_pipeline
from datavc_server.state import JobName, ServerState, State

router = APIRouter(tags=["jobs"])

#: Lines that are held at once, and the bytes of text after which there are no more of them.
_LINES = 200
_BYTES = 256 * 1024


@router.get("/jobs/events", responses=EVENTS, response_class=Response)
async def events_of_jobs(
    state: State,
    asker: Asker,
    pipeline: Annotated[str | None, Query(description="Only this pipeline's.")] = None,
    last_event_id: LastEventId = None,
) -> Response:
    """An event `job` for each job that is not over, and then whenever one changes.

    Those whose output may be read. A job that changes quickly is told as it is by then.
    """
    return await answer_events(state, asker, _JobsLook(state, last_event_id, pipeline=pipeline))


@router.get("/jobs/{job}/events", responses=EVENTS, response_class=Response)
async def events_of_job(
    job: JobName, state: State, asker: Asker, last_event_id: LastEventId = None
) -> Response:
    """An event `job` with the job as it is, and then whenever it changes, until it is over."""
    return await answer_events(state, asker, _JobLook(state, job, last_event_id))


@router.get("/runs/{run}/events", responses=EVENTS, response_class=Response)
async def events_of_run(
    run: Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="A run's id.")],
    state: State,
    asker: Asker,
    last_event_id: LastEventId = None,
) -> Response:
    """An event `job` for each job of a run, and whenever one changes; `over` once the run is."""
    return await answer_events(state, asker, _JobsLook(state, last_event_id, run=run))


@router.get("/logs/events", responses=EVENTS, response_class=Response)
async def events_of_logs(
    state: State,
    asker: Asker,
    job: Annotated[str | None, Query(description="Of this job.")] = None,
    pipeline: Annotated[str | None, Query(description="Of the jobs of this pipeline.")] = None,
    datum: Datum = None,
    since: Since = "",
    text: Text = "",
    tail: Tail = None,
    last_event_id: LastEventId = None,
) -> Response:
    """An event `line` for each line as it is printed: of a job, and `over` once it is.

    Of a pipeline it begins with the last job and with those that are not over, and does not end.
    """
    query = LogQuery(job, pipeline, datum, since, text, tail)
    return await answer_events(state, asker, _LogLook(state, query, last_event_id))


@router.get("/jobs/{job}/logs/events", responses=EVENTS, response_class=Response)
async def events_of_job_logs(
    job: JobName,
    state: State,
    asker: Asker,
    datum: Datum = None,
    since: Since = "",
    text: Text = "",
    tail: Tail = None,
    last_event_id: LastEventId = None,
) -> Response:
    """The same of one job."""
    query = LogQuery(job=job, datum=datum, since=since, text=text, tail=tail)
    return await answer_events(state, asker, _LogLook(state, query, last_event_id))


class _JobLook:
    """Finds one job, where it is another than was told last."""

    def __init__(self, state: ServerState, job: str, last_event_id: str | None) -> None:
        self._state = state
        self._job = job
        self._known = last_event_id

    def __call__(self, asker: Asking) -> Found:
        found = find_job(self._state, self._job, asker)
        self._job = found.id
        place = digest_of(msgspec.json.encode(found)).hex()[:32]
        events = [] if place == self._known else [Event("job", place, found)]
        self._known = place
        return Found(events, over=found.state.is_terminal)


class _JobsLook:
    """Finds the jobs that have changed."""

    def __init__(
        self,
        state: ServerState,
        last_event_id: str | None,
        *,
        pipeline: str | None = None,
        run: str | None = None,
    ) -> None:
        self._state = state
        self._pipeline = pipeline
        self._run = run
        self._place, self._told_end = split_end(last_event_id)
        self._feed: JobFeed | None = None

    def __call__(self, asker: Asking) -> Found:
        if self._pipeline is not None:
            check_pipeline(asker, self._pipeline, Action.READ)
        if self._feed is None:
            vs = self._state.vs
            self._feed = JobFeed(vs, pipeline=self._pipeline, run=self._run, place=self._place)
        over = self._feed.is_over()
        changed, more = self._feed.poll()
        events = [
            Event("job", place, job)
            for place, job in changed
            if asker.may(Action.READ, job.pipeline)
        ]
        found = Found(events, more=more, over=over and not more)
        self._told_end = self._told_end and found.over and not events
        return with_end(found, self._feed.place, told=self._told_end)


class _LogLook:
    """Finds lines that were printed."""

    def __init__(self, state: ServerState, query: LogQuery, last_event_id: str | None) -> None:
        self._state = state
        self._query = query
        self._place, self._told_end = split_end(last_event_id)
        self._follower: LogFollower | None = None
        self._lines: Iterator[LogLine] | None = None

    def __call__(self, asker: Asking) -> Found:
        self._check(asker)
        try:
            found = self._follow()
        except DatavcError:
            # What it has given in vain is given again, from the place that was told last.
            self._follower = self._lines = None
            raise
        self._told_end = self._told_end and found.over and not found.events
        return with_end(found, self._place, told=self._told_end)

    def _follow(self) -> Found:
        follower = self._follower
        if follower is None:
            place = LogPlace.decode(self._place) if self._place else None
            follower = self._follower = LogFollower(self._state.vs, self._query, place)
        self._lines = self._lines or follower.poll()
        events: list[Event] = []
        size = 0
        for line in self._lines:
            events.append(Event("line", follower.place.encode(), line))
            size += len(line.text)
            if len(events) == _LINES or size >= _BYTES:
                break
        else:
            self._lines = None
        self._place = follower.place.encode()
        more = self._lines is not None
        return Found(events, more=more, over=follower.is_over and not more)

    def _check(self, asker: Asking) -> None:
        if self._query.pipeline is not None:
            check_pipeline(asker, self._query.pipeline, Action.READ)
        if self._query.job is not None:
            job = find_job(self._state, self._query.job, asker).id
            self._query = replace(self._query, job=job)
