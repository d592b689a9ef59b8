"""Following logs: what is printed is seen while the datum still runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from datavc.db import job_datums, job_events, jobs, running_datums
from datavc.db.clock import now_us
from datavc.db.job_datums import JobDatumRow
from datavc.db.jobs import JobRow
from datavc.db.running_datums import RunningDatumRow
from datavc.engine.datum_log import LogDecoder, LogStream
from datavc.engine.jobs import find_job
from datavc.engine.log_place import KEY_SIZE, DatumPlace, JobPlace, LogPlace, head_of
from datavc.engine.logs import (
    engine_lines,
    find_datum,
    find_jobs,
    find_pipeline,
    read_logs,
    stored_log,
)
from datavc.errors import NotFound
from datavc.model.job import LogLine
from datavc.model.log_query import LogQuery
from datavc.versioning.versioned_store import VersionedStore

_PAGE = 200
_PARTS = 8
#: So many jobs of a pipeline are followed at once. One runs at a time, so the others say little.
_FOLLOWED = 16


class LogFollower:
    """Gives the lines that are asked for as they come. For one thread.

    Args:
        vs: where the jobs are.
        query: what is asked for. With a tail, what was there before is left out but for so many
            lines.
        place: go on from there: the :attr:`place` that a follower of the same query has had.

    Raises:
        NotFound: there is no such job or pipeline.
        InvalidInput: a time or prefix is malformed.
    """

    def __init__(self, vs: VersionedStore, query: LogQuery, place: LogPlace | None = None) -> None:
        self._vs = vs
        self._query = query
        self._chooser = query.chooser(now_us())
        self._before: Iterator[LogLine] = iter(())
        self._jobs: dict[str, _FollowedJob] = {}
        #: Of the one job that is followed, once it is over: it may be restarted.
        self._final: tuple[JobPlace, ...] = ()
        self._pipeline_id: int | None = None
        self._last = 0
        if place is not None:
            self._resume(place)
            return
        with vs.db.read() as conn:
            found = find_jobs(conn, query)
        wanted = [job for job in found if self._is_wanted(job, found[-1])]
        self._last = found[-1].sequence if found else 0
        if query.tail is None and len(wanted) > _FOLLOWED:
            # The others are begun when there is room.
            wanted = wanted[:_FOLLOWED]
            self._last = wanted[-1].sequence
        self._jobs = {job.id: _FollowedJob(vs, job.id) for job in wanted}
        if query.tail is not None:
            for job in self._jobs.values():
                job.skip()
            self._before = read_logs(vs, query)

    @property
    def is_over(self) -> bool:
        """Whether nothing can come any more: the job is over and its lines were given."""
        return self._query.job is not None and not self._jobs

    @property
    def place(self) -> LogPlace:
        """Behind the line that was given last; the last lines of a tail have none."""
        followed = tuple(job.place for job in self._jobs.values())
        return LogPlace(self._last, self._chooser.since_us, followed or self._final)

    def poll(self) -> Iterator[LogLine]:
        """The lines that have come since the last call."""
        yield from self._before
        self._before = iter(())
        self._find_new_jobs()
        for job_id, followed in list(self._jobs.items()):
            with self._vs.db.read() as conn:
                job = jobs.find(conn, job_id)
            yield from filter(self._chooser.wants, followed.poll(self._only(job_id)))
            if job is None or job.state.is_terminal:
                yield from filter(self._chooser.wants, followed.rest())
                if self._query.job is not None:
                    self._final = (followed.place,)
                del self._jobs[job_id]

    def _resume(self, place: LogPlace) -> None:
        self._chooser = replace(self._chooser, since_us=place.since_us)
        self._last = place.sequence
        with self._vs.db.read() as conn:
            asked = None if self._query.job is None else find_job(conn, self._query.job).id
            for known in place.jobs:
                job = jobs.find(conn, known.job.hex())
                # A place is what somebody has sent: it opens nothing but what is asked for.
                if job is not None and (job.id == asked or job.pipeline == self._query.pipeline):
                    self._jobs[job.id] = _FollowedJob(self._vs, job.id, known)
        if asked is not None:
            self._jobs.setdefault(asked, _FollowedJob(self._vs, asked))

    def _is_wanted(self, job: JobRow, last: JobRow) -> bool:
        """Of a pipeline's past, its last job is what somebody who follows it looks for."""
        if self._query.since and job.finished_us is not None:
            return job.finished_us >= self._chooser.since_us
        return job.id == last.id or not job.state.is_terminal

    def _find_new_jobs(self) -> None:
        room = _FOLLOWED - len(self._jobs)
        if self._query.pipeline is None or room <= 0:
            return
        with self._vs.db.read() as conn:
            if self._pipeline_id is None:
                self._pipeline_id = find_pipeline(conn, self._query.pipeline).id
            new = jobs.made_after(conn, self._pipeline_id, self._last, limit=room)
        for job in new:
            self._last = job.sequence
            self._jobs[job.id] = _FollowedJob(self._vs, job.id)

    def _only(self, job_id: str) -> bytes | None:
        """The datum that is asked for; one that has not begun yet is waited for."""
        if self._query.datum is None:
            return None
        try:
            with self._vs.db.read() as conn:
                return find_datum(conn, job_id, self._query.datum)
        except NotFound:
            return b""


@dataclass(slots=True)
class _LiveDatum:
    """What was given of a datum that runs, or whose lines are being given."""

    #: When the attempt that is followed began, by the engine's clock; 0 where that is not known.
    started_us: int = 0
    head: bytes = b""
    shown: int = 0
    decoder: LogDecoder = field(default_factory=LogDecoder)
    #: Lines that were read, and of those that were given; and how many of the first ones somebody
    #: had been given before.
    read: int = 0
    given: int = 0
    skipped: int = 0


#: A line that is to be given next, its datum, and which of that one's lines it is.
_Next = tuple[_LiveDatum, int, LogLine]


class _FollowedJob:
    """How far the lines of one job were given."""

    def __init__(self, vs: VersionedStore, job_id: str, place: JobPlace | None = None) -> None:
        self._vs = vs
        self._job_id = job_id
        place = place or JobPlace(bytes.fromhex(job_id))
        self._event = place.event
        self._ended = (place.ended_us, place.key)
        self._live: dict[bytes, _LiveDatum] = {}
        #: Datums that something was given of before, by the start of their keys.
        self._known = {datum.key: datum for datum in place.datums}

    @property
    def place(self) -> JobPlace:
        """Behind the line that was given last."""
        datums = [
            DatumPlace(key[:KEY_SIZE], live.head, max(live.given, live.skipped))
            for key, live in self._live.items()
            if live.given or live.skipped
        ]
        datums += self._known.values()
        return JobPlace(bytes.fromhex(self._job_id), self._event, *self._ended, tuple(datums))

    def skip(self) -> None:
        """Leave out all that is there by now."""
        with self._vs.db.read() as conn:
            self._event = job_events.last_number(conn, self._job_id)
            last = job_datums.list_ended(conn, self._job_id, newest_first=True, limit=1)
            running = running_datums.list_running(conn, self._job_id)
        if last:
            self._ended = (last[0].ended_us, last[0].key)
        for row in running:
            for _ in _give(self._poll_live(row)):
                pass

    def poll(self, only: bytes | None) -> Iterator[LogLine]:
        """What has come since; of the datum *only*, if given."""
        said: deque[tuple[int, LogLine]] = deque()
        if only is None:
            said.extend(engine_lines(self._vs, self._job_id, self._event))
        for live, number, line in self._poll_datums(only):
            while said and said[0][1].time_us <= line.time_us:
                yield self._said(*said.popleft())
            # Not before: a place between the two is in front of it.
            live.given = number
            yield line
        while said:
            yield self._said(*said.popleft())

    def _said(self, number: int, line: LogLine) -> LogLine:
        self._event = number
        return line

    def _poll_datums(self, only: bytes | None) -> Iterator[_Next]:
        # In this order: a datum that has ended meanwhile is found among those that have.
        with self._vs.db.read() as conn:
            running = running_datums.list_running(conn, self._job_id)
        for row in running:
            if only in (None, row.key):
                yield from self._poll_live(row)
        yield from self._poll_ended(only)

    def rest(self) -> Iterator[LogLine]:
        """Of datums that were given up, the lines that have no end."""
        for key, live in self._live.items():
            yield from _give(self._lines(key, live, live.decoder.end()))

    def _poll_live(self, row: RunningDatumRow) -> Iterator[_Next]:
        key = row.key
        live = self._find_live(key)
        live.started_us = live.started_us or row.started_us
        if live.started_us != row.started_us:
            # It was started anew.
            yield from self._lines(key, live, live.decoder.end())
            live = self._live[key] = _LiveDatum(row.started_us)
        while True:
            with self._vs.db.read() as conn:
                parts = running_datums.list_parts(
                    conn, self._job_id, key, start=live.shown, limit=_PARTS
                )
            if not parts:
                return
            for part in parts:
                if part.start == 0:
                    if live.head != head_of(part.data):
                        live.skipped = 0
                    live.head = head_of(part.data)
                live.shown = part.start + len(part.data)
                yield from self._lines(key, live, live.decoder.feed(part.data))

    def _poll_ended(self, only: bytes | None) -> Iterator[_Next]:
        while True:
            with self._vs.db.read() as conn:
                rows = job_datums.list_ended(conn, self._job_id, after=self._ended, limit=_PAGE)
            if not rows:
                return
            for row in rows:
                if only in (None, row.key):
                    yield from self._ended_lines(row)
                self._live.pop(row.key, None)
                self._known.pop(row.key[:KEY_SIZE], None)
                self._ended = (row.ended_us, row.key)

    def _ended_lines(self, row: JobDatumRow) -> Iterator[_Next]:
        live = self._find_live(row.key)
        data = stored_log(self._vs, row)
        if live.head != head_of(data):
            # Another attempt than the one that was followed.
            live = self._live[row.key] = _LiveDatum(head=head_of(data))
        yield from self._lines(row.key, live, live.decoder.feed(data[live.shown :]))
        yield from self._lines(row.key, live, live.decoder.end())

    def _find_live(self, key: bytes) -> _LiveDatum:
        live = self._live.get(key)
        if live is None:
            known = self._known.pop(key[:KEY_SIZE], None)
            live = _LiveDatum() if known is None else _LiveDatum(head=known.head)
            live.skipped = 0 if known is None else known.lines
            self._live[key] = live
        return live

    def _lines(
        self, key: bytes, live: _LiveDatum, found: Iterator[tuple[LogStream, int, str]]
    ) -> Iterator[_Next]:
        for stream, time_us, text in found:
            live.read += 1
            if live.read > live.skipped:
                line = LogLine(self._job_id, key.hex(), stream.name.lower(), time_us, text)
                yield live, live.read, line


def _give(lines: Iterator[_Next]) -> Iterator[LogLine]:
    for live, number, line in lines:
        live.given = number
        yield line
