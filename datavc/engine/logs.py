"""Reading what transforms printed and what the engine said of jobs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from sqlalchemy import Connection

from datavc.db import job_datums, job_events, jobs, pipelines, running_datums
from datavc.db.clock import now_us
from datavc.db.job_datums import JobDatumRow
from datavc.db.jobs import JobRow
from datavc.db.pipelines import PipelineRow
from datavc.engine.datum_log import LogDecoder, decode_log
from datavc.engine.jobs import check_prefix, find_job, only_one
from datavc.errors import NotFound
from datavc.model.job import LogLine
from datavc.model.log_query import LineChooser, LogQuery
from datavc.store.record import RecordKind
from datavc.versioning.versioned_store import VersionedStore

_PAGE = 500
_ALL = 1_000_000
#: Parts of a running datum's log that are read together.
_PARTS = 8


def read_logs(vs: VersionedStore, query: LogQuery) -> Iterator[LogLine]:
    """The lines that are asked for: of each job the engine's, then each datum's as they ended.

    The last ones are those of datums that still run. With a tail, the lines of a job come in the
    order of their times.

    Raises:
        NotFound: there is no such job or pipeline, or the job ran no such datum.
        InvalidInput: a time or prefix is malformed.
    """
    chooser = query.chooser(now_us())
    with vs.db.read() as conn:
        found = find_jobs(conn, query)
        key = None if query.datum is None else find_datum(conn, found[0].id, query.datum)
    if query.tail is not None:
        return iter(_tail(vs, found, key, chooser, query.tail))
    return (line for job in found for line in _job_lines(vs, job.id, key) if chooser.wants(line))


def find_jobs(conn: Connection, query: LogQuery) -> list[JobRow]:
    """The jobs whose lines are asked for, oldest first.

    Raises:
        NotFound: there is no such job or pipeline.
    """
    if query.job is not None:
        return [find_job(conn, query.job)]
    pipeline = find_pipeline(conn, query.pipeline or "")
    return jobs.list_jobs(conn, pipeline_id=pipeline.id, limit=_ALL)[::-1]


def find_pipeline(conn: Connection, name: str) -> PipelineRow:
    """The pipeline of that name.

    Raises:
        NotFound: there is none.
    """
    pipeline = pipelines.find(conn, name)
    if pipeline is None:
        raise NotFound(f"pipeline {name!r} does not exist", hint="see `datavc pipeline list`")
    return pipeline


def find_datum(conn: Connection, job_id: str, text: str) -> bytes:
    """The key of a datum that a job ran, or runs, by the start of its id.

    Raises:
        NotFound: there is none.
        Conflict: there are several.
    """
    check_prefix(text)
    keys = {row.key.hex() for row in job_datums.by_prefix(conn, job_id, text)}
    keys |= {row.key.hex() for row in running_datums.list_running(conn, job_id, prefix=text)}
    if not keys:
        raise NotFound(
            f"job {job_id} ran no datum {text!r}", hint=f"see `datavc datum list {job_id[:20]}`"
        )
    return bytes.fromhex(only_one(sorted(keys), "datum", text))


def engine_lines(vs: VersionedStore, job_id: str, after: int = 0) -> Iterator[tuple[int, LogLine]]:
    """What the engine said of a job, each line with its number, past the number *after*."""
    while True:
        with vs.db.read() as conn:
            lines = job_events.list_lines(conn, job_id, after=after, limit=_PAGE)
        yield from lines
        if len(lines) < _PAGE:
            return
        after = lines[-1][0]


def stored_log(vs: VersionedStore, row: JobDatumRow) -> bytes:
    """The log of a datum that has ended, as it is kept."""
    if row.log is None:
        return b""
    return bytes(vs.objects.read(row.log.location, row.log.digest, RecordKind.CHUNK))


def _job_lines(vs: VersionedStore, job_id: str, only: bytes | None) -> Iterator[LogLine]:
    if only is None:
        yield from (line for _, line in engine_lines(vs, job_id))
    seen: set[bytes] = set()
    with vs.db.read() as conn:
        running = [row.key for row in running_datums.list_running(conn, job_id)]
    for row in _ended(vs, job_id, only):
        if row.key in running:
            seen.add(row.key)
        yield from _stored_lines(vs, job_id, row)
    for key in running:
        if key not in seen and only in (None, key):
            yield from _live_lines(vs, job_id, key)


def _ended(
    vs: VersionedStore, job_id: str, only: bytes | None, *, newest_first: bool = False
) -> Iterator[JobDatumRow]:
    if only is not None:
        with vs.db.read() as conn:
            yield from job_datums.by_prefix(conn, job_id, only.hex())
        return
    after = (-1, b"")
    until = None
    while True:
        with vs.db.read() as conn:
            rows = job_datums.list_ended(
                conn, job_id, after=after, until=until, newest_first=newest_first, limit=_PAGE
            )
        if until is not None and rows and (rows[0].ended_us, rows[0].key) == until:
            rows = rows[1:]
        if not rows:
            return
        yield from rows
        if newest_first:
            until = (rows[-1].ended_us, rows[-1].key)
        else:
            after = (rows[-1].ended_us, rows[-1].key)


def _stored_lines(vs: VersionedStore, job_id: str, row: JobDatumRow) -> Iterator[LogLine]:
    for stream, time_us, text in decode_log(stored_log(vs, row)):
        yield LogLine(job_id, row.key.hex(), stream.name.lower(), time_us, text)


def _live_lines(vs: VersionedStore, job_id: str, key: bytes) -> Iterator[LogLine]:
    decoder, start = LogDecoder(), 0
    while True:
        with vs.db.read() as conn:
            parts = running_datums.list_parts(conn, job_id, key, start=start, limit=_PARTS)
        if not parts:
            break
        for part in parts:
            for stream, time_us, text in decoder.feed(part.data):
                yield LogLine(job_id, key.hex(), stream.name.lower(), time_us, text)
            start = part.start + len(part.data)
    for stream, time_us, text in decoder.end():
        yield LogLine(job_id, key.hex(), stream.name.lower(), time_us, text)


def _tail(
    vs: VersionedStore, found: list[JobRow], only: bytes | None, chooser: LineChooser, count: int
) -> list[LogLine]:
    """The last lines; logs of datums that ended long before are not read."""
    lines: deque[LogLine] = deque()
    for job in reversed(found):
        missing = count - len(lines)
        if missing <= 0:
            break
        lines.extendleft(reversed(_job_tail(vs, job.id, only, chooser, missing)))
    return list(lines)


def _job_tail(
    vs: VersionedStore, job_id: str, only: bytes | None, chooser: LineChooser, count: int
) -> list[LogLine]:
    last: list[LogLine] = []
    if only is None:
        said = (line for _, line in engine_lines(vs, job_id) if chooser.wants(line))
        last += deque(said, maxlen=count)
    with vs.db.read() as conn:
        running = [row.key for row in running_datums.list_running(conn, job_id)]
    for key in running:
        if only in (None, key):
            last += deque(filter(chooser.wants, _live_lines(vs, job_id, key)), maxlen=count)
    printed = 0
    for row in _ended(vs, job_id, only, newest_first=True):
        if row.key not in running:
            some = deque(filter(chooser.wants, _stored_lines(vs, job_id, row)), maxlen=count)
            printed += len(some)
            last += some
        if printed >= count or 0 < row.ended_us < chooser.since_us:
            break
    last.sort(key=lambda line: line.time_us)
    return last[len(last) - min(count, len(last)) :]
