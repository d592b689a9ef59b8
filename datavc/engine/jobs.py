"""Jobs as people see them: list, inspect, and where a run stands."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import Connection

from datavc.db import job_datums, jobs, outbox, pipelines, running_datums
from datavc.db.jobs import JobRow
from datavc.errors import Conflict, InvalidInput, NotFound
from datavc.model.job import DatumInfo, JobInfo
from datavc.versioning.versioned_store import VersionedStore

#: Fewest hex digits that may stand for an id.
MIN_PREFIX = 4
_ID_LENGTH = 32
_PAGE = 1000


def list_jobs(
    vs: VersionedStore,
    pipeline: str | None = None,
    run_id: str | None = None,
    limit: int = 100,
    before: str | None = None,
) -> list[JobInfo]:
    """Jobs, newest first; of one pipeline, or of one run (a unique prefix will do).

    With *before*, the id of a job, only those that are older.

    Raises:
        NotFound: there is no such pipeline or run.
    """
    with vs.db.read() as conn:
        pipeline_id = None
        if pipeline is not None:
            row = pipelines.find(conn, pipeline)
            if row is None:
                raise NotFound(
                    f"pipeline {pipeline!r} does not exist", hint="see `datavc pipeline list`"
                )
            pipeline_id = row.id
        if run_id is not None and len(run_id) < _ID_LENGTH:
            check_prefix(run_id)
            run_id = only_one(jobs.run_ids_by_prefix(conn, run_id), "run", run_id)
        found = jobs.list_jobs(
            conn, pipeline_id=pipeline_id, run_id=run_id, limit=limit, before=before
        )
        return [job.info for job in found]


def get_job(vs: VersionedStore, job: str) -> JobInfo:
    """One job by its id or a unique prefix of at least 4 digits.

    Raises:
        NotFound: there is none.
        Conflict: the prefix fits several.
    """
    with vs.db.read() as conn:
        return find_job(conn, job).info


def list_datums(vs: VersionedStore, job: str) -> list[DatumInfo]:
    """The datums that a job ran (not those it skipped), and those that have run for a moment."""
    infos = running_datums_of(vs, job)
    after = ""
    while page := page_of_datums(vs, job, after, _PAGE):
        infos += page
        after = page[-1].id
    return infos


def running_datums_of(vs: VersionedStore, job: str) -> list[DatumInfo]:
    """The datums of a job that have run for a moment.

    Raises:
        NotFound: there is no such job.
    """
    with vs.db.read() as conn:
        job_id = find_job(conn, job).id
        running = running_datums.list_running(conn, job_id)
        return [running_datums.info_of(job_id, row) for row in running]


def page_of_datums(vs: VersionedStore, job: str, after: str, limit: int) -> list[DatumInfo]:
    """The first *limit* of a job's datums whose key, in hex, comes behind *after*.

    Raises:
        NotFound: there is no such job.
        InvalidInput: *after* is no key.
    """
    try:
        key = bytes.fromhex(after)
    except ValueError:
        raise InvalidInput(f"{after!r} is no datum's key") from None
    with vs.db.read() as conn:
        job_id = find_job(conn, job).id
        page = job_datums.list_datums(conn, job_id, after=key, limit=limit)
        return [job_datums.info_of(job_id, datum) for datum in page]


def look_at_run(vs: VersionedStore, run_id: str) -> tuple[bool, list[JobInfo]]:
    """Whether nothing of a run is left to be done, and its jobs, the first one first."""
    with vs.db.read() as conn:
        # In this order: an event that is gone has left its jobs behind.
        waiting = outbox.has_event_of(conn, run_id)
        found = jobs.list_jobs(conn, run_id=run_id, limit=_PAGE * _PAGE)
    infos = [job.info for job in reversed(found)]
    return not waiting and all(_is_over(info) for info in infos), infos


def look_at_job(vs: VersionedStore, job_id: str) -> tuple[bool, list[JobInfo]]:
    """Whether a job is over, and the job."""
    with vs.db.read() as conn:
        info = find_job(conn, job_id).info
    return _is_over(info), [info]


def _is_over(info: JobInfo) -> bool:
    """Whether there is nothing to wait for: a service goes on for good."""
    return info.standing or info.state.is_terminal


def find_job(conn: Connection, text: str) -> JobRow:
    """The job whose id is *text*, or starts with it.

    Raises:
        NotFound: there is none.
        Conflict: there are several.
    """
    check_prefix(text)
    row = jobs.find(conn, only_one(jobs.by_prefix(conn, text), "job", text))
    if row is None:
        raise NotFound(f"job {text!r} does not exist", hint="see `datavc job list`")
    return row


def check_prefix(text: str) -> None:
    """Refuse what cannot be the start of an id.

    Raises:
        InvalidInput: it is too short, or holds anything but lower-case hex digits.
    """
    if len(text) < MIN_PREFIX or not re.fullmatch("[0-9a-f]+", text):
        raise InvalidInput(
            f"{text!r} is not an id", hint=f"give at least {MIN_PREFIX} of its hex digits"
        )


def only_one(candidates: Sequence[str], kind: str, prefix: str) -> str:
    """The one candidate.

    Raises:
        NotFound: there is none.
        Conflict: there are several.
    """
    if not candidates:
        raise NotFound(f"{kind} {prefix!r} does not exist", hint=f"see `datavc {kind} list`")
    if len(candidates) > 1:
        raise Conflict(
            f"{prefix!r} fits several {kind}s: {', '.join(candidates)}", hint="give more digits"
        )
    return candidates[0]
