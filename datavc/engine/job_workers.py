"""The threads that run a job's datums, each with a warm worker of its own."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from datavc.engine.datum_inputs import InputFolder
from datavc.engine.datum_run import DatumRun, DatumRunner
from datavc.engine.executors.executor import Executor, Worker, WorkerRequest
from datavc.engine.scratch import scratch_errors
from datavc.engine.secrets import SecretValues
from datavc.model.commit import TreeRef
from datavc.model.datum import Datum
from datavc.model.pipeline import PipelineSpec
from datavc.versioning.versioned_store import VersionedStore


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """What all workers of a job share."""

    vs: VersionedStore
    executor: Executor
    spec: PipelineSpec
    image_digest: str
    job_id: str
    scratch: Path
    commits: Mapping[tuple[str, str], str]
    trees: Mapping[tuple[str, str], TreeRef]
    env: Mapping[str, str]
    log_limit: int
    secrets: SecretValues = field(default_factory=dict, repr=False)


class JobWorkers:
    """Runs datums in threads until there are none left, or :meth:`stop` is called.

    Args:
        order: what is shared.
        datums: the datums to run.
        count: threads.
        put: takes each result.
        on_failure: called with an error that no datum is to blame for.
    """

    def __init__(
        self,
        order: WorkOrder,
        datums: tuple[Datum, ...],
        count: int,
        put: Callable[[DatumRun], None],
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self._order = order
        self._datums: Iterator[Datum] = iter(datums)
        self._put = put
        self._on_failure = on_failure
        self._lock = threading.Lock()
        self._stopped = False
        self._workers: list[Worker] = []
        self._threads = [
            threading.Thread(
                target=self._work, args=(number,), name=f"datavc-worker-{number}", daemon=True
            )
            for number in range(min(count, len(datums)))
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, *, kill: bool) -> None:
        """Give out no more datums; with *kill*, end those that run, too."""
        with self._lock:
            self._stopped = True
            workers = list(self._workers) if kill else []
        for worker in workers:
            worker.interrupt()

    def wait(self, seconds: float) -> bool:
        """Wait for all threads, up to *seconds*; whether all have ended."""
        for thread in self._threads:
            thread.join(seconds)
            if thread.is_alive():
                return False
        return True

    def _next(self) -> Datum | None:
        with self._lock:
            return None if self._stopped else next(self._datums, None)

    def _work(self, number: int) -> None:
        folder = self._order.scratch / str(number)
        try:
            with scratch_errors(folder):
                folder.mkdir(mode=0o700)
            runner = self._open(folder)
            if runner is None:
                return
            try:
                self._run_all(runner)
            finally:
                runner.worker.close()
        except BaseException as error:  # handed to the job's thread, which raises it
            self._on_failure(error)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _open(self, folder: Path) -> DatumRunner | None:
        order = self._order
        worker = order.executor.open_worker(
            WorkerRequest(order.spec, order.image_digest, folder, order.job_id, order.secrets)
        )
        with self._lock:
            self._workers.append(worker)
            stopped = self._stopped
        if stopped:
            worker.close()
            return None
        return DatumRunner(
            vs=order.vs,
            worker=worker,
            inputs=InputFolder(order.vs, order.trees, worker.inputs, worker.protects_inputs),
            commits=order.commits,
            env=order.env,
            tries=order.spec.datum_tries,
            recovers=bool(order.spec.transform.err_cmd),
            log_limit=order.log_limit,
            scratch=order.scratch,
            disk_limit=order.spec.limits.disk,
        )

    def _run_all(self, runner: DatumRunner) -> None:
        while True:
            datum = self._next()
            if datum is None:
                return
            run = runner.run(datum)
            if run is None:
                return
            self._put(run)
