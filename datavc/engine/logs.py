"""Reading back what transforms printed and what the engine said of a job."""

from __future__ import annotations

from collections.abc import Iterator

from datavc.db import job_datums, job_events
from datavc.db.job_datums import JobDatumRow
from datavc.engine.datum_log import decode_log
from datavc.engine.jobs import check_prefix, find_job, only_one
from datavc.model.job import LogLine
from datavc.store.record import RecordKind
from datavc.versioning.versioned_store import VersionedStore

_PAGE = 500


def job_logs(vs: VersionedStore, job: str, datum: str | None = None) -> Iterator[LogLine]:
    """The lines of a job's log: the engine's, then each datum's, by datum id.

    Args:
        vs: where the job is.
        job: its id or a unique prefix.
        datum: only this datum's lines; its id or a unique prefix.

    Raises:
        NotFound: there is no such job, or it ran no such datum.
    """
    with vs.db.read() as conn:
        job_id = find_job(conn, job).id
        only = None
        if datum is not None:
            check_prefix(datum)
            found = {row.key.hex(): row for row in job_datums.by_prefix(conn, job_id, datum)}
            only = found[only_one(list(found), "datum", datum)]
    return _lines(vs, job_id, only)


def _lines(vs: VersionedStore, job_id: str, only: JobDatumRow | None) -> Iterator[LogLine]:
    if only is not None:
        yield from _datum_lines(vs, job_id, only)
        return
    yield from _engine_lines(vs, job_id)
    after = b""
    while True:
        with vs.db.read() as conn:
            rows = job_datums.list_datums(conn, job_id, after=after, limit=_PAGE)
        if not rows:
            return
        for row in rows:
            yield from _datum_lines(vs, job_id, row)
        after = rows[-1].key


def _engine_lines(vs: VersionedStore, job_id: str) -> Iterator[LogLine]:
    after = 0
    while True:
        with vs.db.read() as conn:
            lines = job_events.list_lines(conn, job_id, after=after, limit=_PAGE)
        if not lines:
            return
        for number, line in lines:
            yield line
            after = number


def _datum_lines(vs: VersionedStore, job_id: str, row: JobDatumRow) -> Iterator[LogLine]:
    if row.log is None:
        return
    data = vs.objects.read(row.log.location, row.log.digest, RecordKind.CHUNK)
    for stream, time_us, text in decode_log(bytes(data)):
        yield LogLine(job_id, row.key.hex(), stream.name.lower(), time_us, text)
