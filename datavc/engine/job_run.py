"""One job, from its claim to its end."""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from datavc.db import job_claims, job_events, jobs, pipelines
from datavc.db.clock import now_us
from datavc.db.job_claims import JobFacts
from datavc.db.jobs import DatumCounts, JobRow
from datavc.db.pipelines import PipelineRow
from datavc.engine.capacity import Capacity
from datavc.engine.datum_run import DatumRun
from datavc.engine.datum_spans import DatumSpans
from datavc.engine.early_outputs import EarlyStorage
from datavc.engine.egress.access import EgressAccess
from datavc.engine.egress.job_egress import JobEgress
from datavc.engine.executors.executor import Executor
from datavc.engine.image_pin import pin_image
from datavc.engine.job_commit import FinishedJob, commit_job
from datavc.engine.job_end import end_job
from datavc.engine.job_inputs import JobInputs, resolve_inputs
from datavc.engine.job_lease import JobLease
from datavc.engine.job_plan import JobCode, JobPlan, plan_job
from datavc.engine.job_rights import JobRights
from datavc.engine.job_span import job_span, note_counts
from datavc.engine.job_workers import JobWorkers
from datavc.engine.output_ledger import describe
from datavc.engine.process_identity import claim_of
from datavc.engine.reproduction import check_same_code, end_reproduction, plan_again
from datavc.engine.result_writer import ResultWriter
from datavc.engine.running_datums import RunningDatums
from datavc.engine.settings import EngineSettings
from datavc.engine.spout_commits import SpoutCommits
from datavc.engine.standing_run import StandingRun, only_datum, where_to_listen
from datavc.engine.work_order import JobHost, WorkOrder, make_order
from datavc.errors import (
    AccessDenied,
    DatabaseUnavailable,
    DatavcError,
    ExecutorAway,
    LostRace,
    StoreUnavailable,
    TransformFailed,
)
from datavc.model.egress import Egress
from datavc.model.job import DatumState, JobInfo, JobState
from datavc.model.pipeline import PipelineSpec, parse_pipeline_spec
from datavc.tracing import spans
from datavc.versioning.fewer_collections import fewer_collections
from datavc.versioning.versioned_store import VersionedStore

_log = logging.getLogger("datavc.engine")

_PROGRESS_SECONDS = 0.1


class _StoppedError(Exception):
    """The engine lets go of the job, for another one to go on with it."""


@dataclass(frozen=True, slots=True)
class JobRunner:
    """Runs the jobs that an engine has claimed."""

    vs: VersionedStore
    executor: Executor
    settings: EngineSettings
    #: The engine's own folder on the scratch disk.
    scratch: Path
    #: Shared by all jobs of the engine.
    capacity: Capacity
    early: EarlyStorage

    def run(
        self,
        job: JobRow,
        stop: threading.Event,
        progress: Callable[[JobInfo], None] | None = None,
        *,
        drain_seconds: float = 0,
    ) -> None:
        """Run a claimed job to its end, or until *stop* is set; it is released then.

        What goes wrong with the job itself ends the job, not this engine.

        Args:
            job: the job.
            stop: when set, no more datums are started.
            progress: called as the job moves on.
            drain_seconds: how long datums that run may go on after that.

        Raises:
            StoreUnavailable, DatabaseUnavailable, ExecutorAway: the job is left to be taken up
                again.
            LostRace: nobody has claimed it.
        """
        if job.owner is None:
            raise LostRace(f"job {job.id} is nobody's")
        # The same engine may have claimed it before, and not be done with that.
        scratch = self.scratch / f"{job.id}-{claim_of(job.owner)}"
        host = JobHost(
            self.vs, self.executor, self.settings, scratch, job.owner, self.capacity, self.early
        )
        with job_span(job):
            self._run(host, job, stop, progress, drain_seconds)

    def _run(
        self,
        host: JobHost,
        job: JobRow,
        stop: threading.Event,
        progress: Callable[[JobInfo], None] | None,
        drain_seconds: float,
    ) -> None:
        attempt = _Attempt(host, job, stop, progress, drain_seconds)
        about = {"job": job.id, "run": job.run_id, "pipeline": job.pipeline}
        _log.info("job %s of pipeline %s begins", job.id, job.pipeline, extra=about)
        lease = JobLease(
            self.vs, job.id, host.owner, self.settings.lease_seconds, attempt.lose_lease
        )
        try:
            attempt.run()
            _log.info("job %s of pipeline %s has succeeded", job.id, job.pipeline, extra=about)
        except (_StoppedError, LostRace) as error:
            spans.current().note("datavc.job.left", str(error) or "the engine is stopped")
            self._release(job)
        except (StoreUnavailable, DatabaseUnavailable, ExecutorAway):
            self._release(job)
            raise
        except AccessDenied as error:
            self._fail(job, str(error), attempt.rights, error)
        except DatavcError as error:
            self._fail(job, str(error))
        except Exception as error:
            # A job that makes the engine fail would do so again and again.
            self._fail(job, f"internal error: {error!r}")
            raise
        except BaseException:
            self._release(job)
            raise
        finally:
            lease.close()
            shutil.rmtree(host.scratch, ignore_errors=True)
        if progress is not None:
            with self.vs.db.read() as conn:
                ended = jobs.find(conn, job.id)
            if ended is not None:
                progress(ended.info)

    def _fail(
        self,
        job: JobRow,
        reason: str,
        rights: JobRights | None = None,
        refusal: AccessDenied | None = None,
    ) -> None:
        about = {"job": job.id, "run": job.run_id, "pipeline": job.pipeline}
        _log.info("job %s of pipeline %s fails: %s", job.id, job.pipeline, reason, extra=about)
        spans.current().fail(reason)
        with self.vs.db.write() as conn:
            ended = end_job(conn, job, job.owner, JobState.FAILURE, reason)
            # What names no repo was refused by somebody else: a store, say.
            if ended and rights is not None and refusal is not None and refusal.repo:
                rights.write_down(conn, refusal)

    def _release(self, job: JobRow) -> None:
        # If this fails too, the lease runs out by itself.
        with contextlib.suppress(DatavcError), self.vs.db.write() as conn:
            job_claims.release(conn, job.id, job.owner or "")


class _Attempt:
    """One engine's work on one job."""

    def __init__(
        self,
        host: JobHost,
        job: JobRow,
        stop: threading.Event,
        progress: Callable[[JobInfo], None] | None,
        drain_seconds: float,
    ) -> None:
        self._host = host
        self._drain_seconds = drain_seconds
        self._stopped_at: float | None = None
        self._vs = host.vs
        self._job = job
        self._stop = stop
        self._progress = progress
        self._shown: JobInfo | None = None
        self._lock = threading.Lock()
        self._error: BaseException | None = None
        self._failed: list[DatumRun] = []
        self._lost = threading.Event()
        self._workers: JobWorkers | None = None
        #: Known as soon as the pipeline is.
        self.rights: JobRights | None = None

    def lose_lease(self) -> None:
        """Stop everything: the job is not this engine's any more."""
        self._lost.set()

    def run(self) -> None:
        with self._vs.db.read() as conn:
            pipeline = pipelines.find_by_id(conn, self._job.pipeline_id, self._job.version)
            if pipeline is None:
                raise LostRace(f"pipeline {self._job.pipeline!r} was deleted meanwhile")
            spec = parse_pipeline_spec(pipeline.spec).with_parameters(self._job.parameters)
            self.rights = rights = JobRights(self._job, pipeline, spec)
            rights.check(conn)
        if spec.is_standing:
            self._stand(pipeline, spec, rights)
            return
        if self._job.state is not JobState.EGRESSING:
            self._compute(pipeline, spec, rights)
        if spec.egress is not None and self._job.reproduces is None:
            self._egress(pipeline, spec.egress)

    def _compute(self, pipeline: PipelineRow, spec: PipelineSpec, rights: JobRights) -> None:
        """Run the datums, and commit what they put out."""
        with self._vs.db.read() as conn:
            inputs = resolve_inputs(conn, self._job)
        code = self._code(pipeline, spec)
        order = self._job.reproduces
        if order is not None:
            check_same_code(self._vs, order, code)
            plan = plan_again(self._vs, self._job, inputs, code)
        else:
            plan = plan_job(self._vs, self._job, pipeline, inputs, code)
        workers = min(spec.parallelism or self._host.settings.workers, len(plan.pending))
        self._begin(plan, inputs, workers)
        outputs = dict(plan.done)
        counts = plan.counts
        if plan.pending:
            work = make_order(self._host, self._job, pipeline, spec, code, inputs)
            written = self._run_datums(plan, work, workers)
            outputs.update(written.outputs)
            counts = written.counts
        self._check_held()
        if order is not None:
            end_reproduction(self._vs, self._job, self._host.owner, order, plan.ledger, counts)
            return
        finished = FinishedJob(
            self._job, self._host.owner, pipeline, code.digest, inputs, plan, outputs, counts,
            rights, has_egress=spec.egress is not None,
        )  # fmt: skip
        commit_job(self._vs, finished)

    def _stand(self, pipeline: PipelineRow, spec: PipelineSpec, rights: JobRights) -> None:
        """Keep the program of a service or spout running."""
        with self._vs.db.read() as conn:
            inputs = resolve_inputs(conn, self._job)
        host = self._host
        code = self._code(pipeline, spec)
        spout = None
        if spec.spout is not None:
            spout = SpoutCommits(
                self._vs, spec.spout, self._job, host.owner, pipeline, code.digest, rights
            )
            see = spout.datum
        else:
            see = partial(only_datum, self._vs, code, inputs)
        facts = JobFacts(inputs=inputs.inputs, executor=code.executor, reason="is being started")
        with self._vs.db.write() as conn:
            if not job_claims.record(conn, self._job.id, host.owner, facts):
                raise LostRace(f"job {self._job.id} was taken over or stopped")
        order = make_order(self._host, self._job, pipeline, spec, code, inputs)
        if spec.service is not None:
            order = replace(
                order, env={**order.env, **where_to_listen(spec.service, code.executor)}
            )
        run = StandingRun(order, spec.service, see, spout, host.owner, self._check_held, rights)
        shown = RunningDatums(self._vs, self._job.id, host.owner)
        with contextlib.closing(shown) as running:
            run.run(running)

    def _code(self, pipeline: PipelineRow, spec: PipelineSpec) -> JobCode:
        executor = self._host.executor
        return JobCode(spec, executor.name, pin_image(self._vs, executor, pipeline, spec))

    def _egress(self, pipeline: PipelineRow, egress: Egress) -> None:
        if self._progress is not None:
            with self._vs.db.read() as conn:
                committed = jobs.find(conn, self._job.id)
            if committed is not None:
                self._progress(committed.info)
        host = self._host
        access = EgressAccess(host.settings.allow_egress)
        with spans.span("egress"):
            JobEgress(
                self._vs, self._job, host.owner, pipeline, egress, access, self._check_held
            ).run()

    def _begin(self, plan: JobPlan, inputs: JobInputs, workers: int) -> None:
        """Write down what is known of the job now."""
        counts, name = plan.counts, self._host.executor.name
        facts = JobFacts(inputs=inputs.inputs, executor=name, counts=counts, reason="")
        text = (
            f"{counts.total} datums: {counts.total - len(plan.pending)} done before, "
            f"{len(plan.pending)} to run; executor {name}, {workers} at once"
        )
        with self._vs.db.write() as conn:
            if not job_claims.record(conn, self._job.id, self._host.owner, facts):
                raise LostRace(f"job {self._job.id} was taken over or stopped")
            job_events.add(conn, self._job.id, text, time_us=now_us())
        note_counts(counts)
        self._show(inputs, counts)

    def _run_datums(self, plan: JobPlan, order: WorkOrder, count: int) -> ResultWriter:
        shown = RunningDatums(self._vs, self._job.id, self._host.owner)
        with contextlib.closing(shown) as running, fewer_collections():
            results = self._run_shown(plan, order, count, running)
        note_counts(results.counts)
        self._raise_failure()
        return results

    def _run_shown(
        self, plan: JobPlan, order: WorkOrder, count: int, running: RunningDatums
    ) -> ResultWriter:
        told = DatumSpans(self._host.settings.traced_datums)
        results = ResultWriter(
            self._vs, self._job, self._host.owner, plan.counts, plan.ledger,
            self._host.settings.batch_seconds, self._fail, running,
        )  # fmt: skip

        def put(run: DatumRun) -> None:
            told.add(run)
            results.put(run)
            if run.state is DatumState.FAILED:
                self._fail_datum(run)

        try:
            self._workers = JobWorkers(order, plan.pending, count, put, self._fail, running)
            running.on_restart = self._workers.restart
            self._supervise(self._workers, results, order.spec.job_timeout)
        finally:
            if self._workers is not None:
                self._workers.stop(kill=True)
                while not self._workers.wait(1.0):
                    pass
            results.finish()
            spans.current().note("datavc.datums.untold", told.left_out)
        return results

    def _supervise(self, workers: JobWorkers, results: ResultWriter, timeout: float | None) -> None:
        while not workers.wait(_PROGRESS_SECONDS):
            self._show(None, results.counts)
            if self._lost.is_set():
                workers.stop(kill=True)
            elif self._stop.is_set():
                workers.stop(kill=self._has_drained())
            if timeout is not None and self._seconds_since_start() > timeout:
                self._fail(TransformFailed(f"it ran longer than its job_timeout of {timeout:g} s"))
            with self._lock:
                broken, failed = self._error is not None, bool(self._failed)
            if broken or failed:
                workers.stop(kill=broken)

    def _has_drained(self) -> bool:
        """Whether the time that is given to datums that run is over."""
        now = time.monotonic()
        self._stopped_at = self._stopped_at or now
        return now - self._stopped_at >= self._drain_seconds

    def _seconds_since_start(self) -> float:
        """Counted from the first claim, also when another engine took the job over since."""
        return (now_us() - (self._job.started_us or now_us())) / 1e6

    def _fail(self, error: BaseException) -> None:
        with self._lock:
            self._error = self._error or error

    def _fail_datum(self, run: DatumRun) -> None:
        """No more datums are started: what is done already is kept for the next job."""
        with self._lock:
            self._failed.append(run)
        if self._workers is not None:
            self._workers.stop(kill=False)

    def _raise_failure(self) -> None:
        self._check_held()
        if self._error is not None:
            raise self._error
        if self._failed:
            first, more = self._failed[0], len(self._failed) - 1
            others = f", and {more} more failed" if more else ""
            raise TransformFailed(
                f"datum {describe(first.datum)} {first.reason}{others}",
                hint=f"see `datavc job logs {self._job.id} --datum {first.datum.key.hex()[:12]}`",
            )

    def _check_held(self) -> None:
        if self._lost.is_set():
            raise LostRace(f"job {self._job.id} was taken over or stopped")
        if self._stop.is_set():
            raise _StoppedError

    def _show(self, inputs: JobInputs | None, counts: DatumCounts) -> None:
        if self._progress is None:
            return
        if inputs is not None:
            self._job = replace(self._job, inputs=inputs.inputs, executor=self._host.executor.name)
        info = replace(self._job, counts=counts).info
        if info != self._shown:
            self._shown = info
            self._progress(info)
