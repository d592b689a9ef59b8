"""Finding the next job to work on."""

from __future__ import annotations

import contextlib
import itertools
import socket

from sqlalchemy import Connection

from datavc.db import job_claims, job_events, jobs, lineage_events, pipelines
from datavc.db.clock import now_us
from datavc.db.jobs import JobRow
from datavc.db.lineage_switch import is_wanted
from datavc.engine.capacity import Share
from datavc.engine.job_end import end_as_superseded
from datavc.engine.job_inputs import resolve_inputs
from datavc.engine.process_identity import claim_name, is_dead, process_of
from datavc.engine.triggers import handle_events
from datavc.errors import Conflict
from datavc.model.job import JobState
from datavc.model.lineage_facts import JobMoment
from datavc.model.pipeline import PipelineSpec, parse_pipeline_spec
from datavc.versioning.versioned_store import VersionedStore

_HELD = (JobState.RUNNING, JobState.FINISHING, JobState.EGRESSING)
_LIMIT = 10_000


class _TooLargeError(Exception):
    """A datum of the job that was just claimed asks for more than this host has."""

    def __init__(self, job: JobRow, wanted: Share) -> None:
        super().__init__(job.id)
        self.job = job
        self.wanted = wanted


class Scheduler:
    """Finds jobs for one engine.

    Args:
        vs: where the jobs are.
        engine: its name.
        lease_seconds: how long a job is held without a sign of life.
    """

    def __init__(self, vs: VersionedStore, engine: str, lease_seconds: float) -> None:
        self._vs = vs
        self._engine = engine
        self._claims = itertools.count(1)
        self._lease_seconds = lease_seconds
        #: Jobs that are left to engines on larger hosts.
        self._too_large: set[str] = set()

    def prepare(self) -> None:
        """Act upon what has happened, and free the jobs of engines that were killed here."""
        handle_events(self._vs, self._engine)
        release_jobs_of_the_dead(self._vs)

    def claim_standing(self) -> JobRow | None:
        """Claim a job that runs until something replaces it; ``None`` when none is ready."""
        with self._vs.db.write() as conn:
            while True:
                job = job_claims.claim(conn, self._new_claim(), self._lease_seconds, standing=True)
                if job is None:
                    return None
                if not _give_up_superseded(conn, job):
                    self._tell_start(conn, job)
                    return job

    def claim(self, host: Share | None = None) -> JobRow | None:
        """Claim a job that is ready; ``None`` when there is none.

        Args:
            host: what there is for one datum; jobs whose spec asks for more are left to others,
                which their log says. Without it, any job will do.
        """
        while True:
            try:
                return self._claim(host)
            except _TooLargeError as error:
                # The claim is undone with its transaction.
                self._leave(error.job, error.wanted, host)

    def _claim(self, host: Share | None) -> JobRow | None:
        with self._vs.db.write() as conn:
            while True:
                job = job_claims.claim(
                    conn, self._new_claim(), self._lease_seconds, but=self._too_large
                )
                if job is None:
                    return None
                pipeline = pipelines.find_by_id(conn, job.pipeline_id, job.version)
                if pipeline is None:
                    return job
                spec = parse_pipeline_spec(pipeline.spec)
                if spec.skip_superseded and _give_up_superseded(conn, job):
                    continue
                wanted = requested_share(spec)
                if host is not None and not wanted.fits(host):
                    raise _TooLargeError(job, wanted)
                self._tell_start(conn, job)
                return job

    def _new_claim(self) -> str:
        return claim_name(self._engine, next(self._claims))

    def _tell_start(self, conn: Connection, job: JobRow) -> None:
        """Have OpenLineage told that a job begins; not again when it is taken over."""
        claimed_us = job.lease_until_us - round(self._lease_seconds * 1e6)
        if job.started_us != claimed_us or not is_wanted():
            return
        inputs = None
        # What it lacks is what the job fails for, a moment later.
        with contextlib.suppress(Conflict):
            inputs = resolve_inputs(conn, job).inputs
        lineage_events.add(conn, job.id, JobMoment.START, time_us=claimed_us, inputs=inputs)

    def _leave(self, job: JobRow, wanted: Share, host: Share | None) -> None:
        self._too_large.add(job.id)
        there_is = "" if host is None else f"; it has {host.describe()}"
        text = (
            f"left to other engines: a datum asks for {wanted.describe()}, which {_host()} "
            f"does not have{there_is}"
        )
        with self._vs.db.write() as conn:
            if job_claims.explain(conn, job.id, text):
                job_events.add(conn, job.id, text, time_us=now_us())


def requested_share(spec: PipelineSpec) -> Share:
    """What a host must have for one datum: what ``resource_requests`` asks for, and its gpus."""
    return Share(
        cpus=spec.requests.cpu or 0,
        memory=spec.requests.memory or 0,
        gpus=spec.limits.gpu or spec.requests.gpu or 0,
    )


def release_jobs_of_the_dead(vs: VersionedStore) -> None:
    """Free jobs whose engine ran on this machine and was killed, before their lease ends."""
    with vs.db.read() as conn:
        held = jobs.list_jobs(conn, states=_HELD, limit=_LIMIT)
    for job in held:
        if job.owner is not None and is_dead(process_of(job.owner)):
            with vs.db.write() as conn:
                job_claims.release(conn, job.id, job.owner)


def _give_up_superseded(conn: Connection, job: JobRow) -> bool:
    """End a job that a later one makes needless."""
    newer = None if job.reproduces is not None else job_claims.superseding(conn, job)
    if newer is None:
        return False
    end_as_superseded(conn, job, newer)
    return True


def _host() -> str:
    return socket.gethostname()
