"""Looking at single datums of a job, and starting one anew that hangs."""

from __future__ import annotations

from sqlalchemy import Connection

from datavc.db import job_datums, running_datums
from datavc.engine.jobs import find_job
from datavc.engine.logs import find_datum
from datavc.errors import Conflict
from datavc.model.job import DatumInfo, DatumState
from datavc.versioning.versioned_store import VersionedStore


def get_datum(vs: VersionedStore, job: str, datum: str) -> DatumInfo:
    """One datum that a job ran, or runs, by its id or a unique prefix.

    Raises:
        NotFound: there is no such job or datum.
        Conflict: a prefix fits several.
    """
    with vs.db.read() as conn:
        job_id = find_job(conn, job).id
        return _info(conn, job_id, find_datum(conn, job_id, datum))


def restart_datum(vs: VersionedStore, job: str, datum: str, author: str) -> DatumInfo:
    """Interrupt a datum that runs, and start it anew; the rest of the job goes on.

    The engine that runs it does so within a second.

    Raises:
        NotFound: there is no such job or datum.
        Conflict: the datum does not run, or a prefix fits several.
    """
    with vs.db.write() as conn:
        row = find_job(conn, job)
        key = find_datum(conn, row.id, datum)
        info = _info(conn, row.id, key)
        if info.state is not DatumState.RUNNING:
            raise Conflict(
                f"datum {info.id[:12]} does not run: {info.state.value}",
                hint=f"run again what failed: datavc job restart {row.id[:20]}",
            )
        running_datums.ask_restart(conn, row.id, key, author)
        return info


def _info(conn: Connection, job_id: str, key: bytes) -> DatumInfo:
    for row in running_datums.list_running(conn, job_id, prefix=key.hex()):
        return running_datums.info_of(job_id, row)
    return job_datums.info_of(job_id, job_datums.by_prefix(conn, job_id, key.hex())[0])
