"""Finding the next job to work on."""

from __future__ import annotations

from datavc.db import job_claims, jobs
from datavc.db.jobs import JobRow
from datavc.engine.process_identity import is_dead
from datavc.engine.triggers import handle_events
from datavc.model.job import JobState
from datavc.versioning.versioned_store import VersionedStore

_HELD = (JobState.RUNNING, JobState.FINISHING, JobState.EGRESSING)
#: Sets an engine's own number apart from the name of its process.
_SEPARATOR = "#"
_LIMIT = 10_000


def owner_name(process: str, engine: int) -> str:
    """The name under which one of a process's engines holds jobs."""
    return f"{process}{_SEPARATOR}{engine}"


def next_job(vs: VersionedStore, owner: str, lease_seconds: float) -> JobRow | None:
    """Act upon what has happened, and claim a job that is ready; ``None`` when there is none."""
    handle_events(vs, owner)
    release_jobs_of_the_dead(vs)
    with vs.db.write() as conn:
        return job_claims.claim(conn, owner, lease_seconds)


def release_jobs_of_the_dead(vs: VersionedStore) -> None:
    """Free jobs whose engine ran on this machine and was killed, before their lease ends."""
    with vs.db.read() as conn:
        held = jobs.list_jobs(conn, states=_HELD, limit=_LIMIT)
    for job in held:
        if job.owner is not None and is_dead(job.owner.partition(_SEPARATOR)[0]):
            with vs.db.write() as conn:
                job_claims.release(conn, job.id, job.owner)
