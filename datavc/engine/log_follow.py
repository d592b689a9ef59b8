"""Following logs: what is printed is seen while the datum still runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from datavc.db import job_datums, job_events, jobs, running_datums
from datavc.db.clock import now_us
from datavc.db.jobs import JobRow
from datavc.db.running_datums import RunningDatumRow
from datavc.engine.datum_log import LogDecoder, LogStream
from datavc.engine.logs import engine_lines, find_datum, find_jobs, read_logs, stored_log
from datavc.errors import NotFound
from datavc.model.job import LogLine
from datavc.model.log_query import LogQuery
from datavc.versioning.versioned_store import VersionedStore

_PAGE = 200
_PARTS = 8
#: So many jobs of a pipeline may be made between two calls.
_NEWEST = 100
#: As much of a log's start as tells one attempt at a datum from another: its first piece's time.
_HEAD = 9


class LogFollower:
    """Gives the lines that are asked for as they come. For one thread.

    Args:
        vs: where the jobs are.
        query: what is asked for. With a tail, what was there before is left out but for so many
            lines.

    Raises:
        NotFound: there is no such job or pipeline.
        InvalidInput: a time or prefix is malformed.
    """

    def __init__(self, vs: VersionedStore, query: LogQuery) -> None:
        self._vs = vs
        self._query = query
        self._chooser = query.chooser(now_us())
        with vs.db.read() as conn:
            found = find_jobs(conn, query)
        self._pipeline_id = found[0].pipeline_id if found else None
        self._last = found[-1].sequence if found else 0
        self._before: Iterator[LogLine] = iter(())
        self._jobs = {
            job.id: _FollowedJob(vs, job.id) for job in found if self._is_wanted(job, found[-1])
        }
        if query.tail is not None:
            for job in self._jobs.values():
                job.skip()
            self._before = read_logs(vs, query)

    @property
    def is_over(self) -> bool:
        """Whether nothing can come any more: the job is over and its lines were given."""
        return self._query.job is not None and not self._jobs

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
                del self._jobs[job_id]

    def _is_wanted(self, job: JobRow, last: JobRow) -> bool:
        """Of a pipeline's past, its last job is what somebody who follows it looks for."""
        if self._query.since and job.finished_us is not None:
            return job.finished_us >= self._chooser.since_us
        return job.id == last.id or not job.state.is_terminal

    def _find_new_jobs(self) -> None:
        if self._query.job is not None:
            return
        with self._vs.db.read() as conn:
            if self._pipeline_id is None:
                newest = find_jobs(conn, self._query)[::-1]
            else:
                newest = jobs.list_jobs(conn, pipeline_id=self._pipeline_id, limit=_NEWEST)
        for job in reversed(newest):
            if job.sequence > self._last:
                self._pipeline_id, self._last = job.pipeline_id, job.sequence
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
    """What was given of a datum that runs."""

    #: When the attempt that is followed began, by the engine's clock.
    started_us: int = 0
    head: bytes = b""
    shown: int = 0
    decoder: LogDecoder = field(default_factory=LogDecoder)


class _FollowedJob:
    """How far the lines of one job were given."""

    def __init__(self, vs: VersionedStore, job_id: str) -> None:
        self._vs = vs
        self._job_id = job_id
        self._event = 0
        self._ended = (-1, b"")
        self._live: dict[bytes, _LiveDatum] = {}

    def skip(self) -> None:
        """Leave out all that is there by now."""
        with self._vs.db.read() as conn:
            self._event = job_events.last_number(conn, self._job_id)
            last = job_datums.list_ended(conn, self._job_id, newest_first=True, limit=1)
            running = running_datums.list_running(conn, self._job_id)
        if last:
            self._ended = (last[0].ended_us, last[0].key)
        for row in running:
            for _ in self._poll_live(row):
                pass

    def poll(self, only: bytes | None) -> Iterator[LogLine]:
        """What has come since; of the datum *only*, if given."""
        said: deque[LogLine] = deque()
        if only is None:
            for number, line in engine_lines(self._vs, self._job_id, self._event):
                self._event = number
                said.append(line)
        for line in self._poll_datums(only):
            while said and said[0].time_us <= line.time_us:
                yield said.popleft()
            yield line
        yield from said

    def _poll_datums(self, only: bytes | None) -> Iterator[LogLine]:
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
            yield from (self._line(key, *each) for each in live.decoder.end())

    def _poll_live(self, row: RunningDatumRow) -> Iterator[LogLine]:
        key = row.key
        live = self._live.setdefault(key, _LiveDatum(row.started_us))
        if live.started_us != row.started_us:
            # It was started anew.
            yield from (self._line(key, *each) for each in live.decoder.end())
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
                    live.head = part.data[:_HEAD]
                live.shown = part.start + len(part.data)
                yield from (self._line(key, *each) for each in live.decoder.feed(part.data))

    def _poll_ended(self, only: bytes | None) -> Iterator[LogLine]:
        while True:
            with self._vs.db.read() as conn:
                rows = job_datums.list_ended(conn, self._job_id, after=self._ended, limit=_PAGE)
            if not rows:
                return
            for row in rows:
                self._ended = (row.ended_us, row.key)
                live = self._live.pop(row.key, None) or _LiveDatum()
                if only not in (None, row.key):
                    continue
                data = stored_log(self._vs, row)
                if live.head != data[:_HEAD]:
                    # Another attempt than the one that was followed.
                    live = _LiveDatum()
                for each in live.decoder.feed(data[live.shown :]):
                    yield self._line(row.key, *each)
                for each in live.decoder.end():
                    yield self._line(row.key, *each)

    def _line(self, key: bytes, stream: LogStream, time_us: int, text: str) -> LogLine:
        return LogLine(self._job_id, key.hex(), stream.name.lower(), time_us, text)
