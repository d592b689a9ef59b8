"""The threads that run a job's datums, each with a warm worker of its own."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from datavc.engine.datum_inputs import InputFolder
from datavc.engine.datum_log import DatumLog
from datavc.engine.datum_run import DatumRun, DatumRunner
from datavc.engine.executors.executor import Worker, WorkerRequest
from datavc.engine.input_cache import InputCache
from datavc.engine.running_datums import RunningDatums
from datavc.engine.scratch import scratch_errors
from datavc.engine.work_order import WorkOrder
from datavc.model.datum import Datum


class JobWorkers:
    """Runs datums in threads until there are none left, or :meth:`stop` is called.

    Args:
        order: what is shared.
        datums: the datums to run.
        count: threads.
        put: takes each result.
        on_failure: called with an error that no datum is to blame for.
        running: is told of every datum that begins and ends.
    """

    def __init__(
        self,
        order: WorkOrder,
        datums: tuple[Datum, ...],
        count: int,
        put: Callable[[DatumRun], None],
        on_failure: Callable[[BaseException], None],
        running: RunningDatums,
    ) -> None:
        self._order = order
        self._datums: Iterator[Datum] = iter(datums)
        self._put = put
        self._on_failure = on_failure
        self._lock = threading.Lock()
        self._stopped = False
        self._running = running
        self._cache = InputCache(order.scratch / "files")
        #: Of each thread that has one.
        self._workers: dict[int, Worker] = {}
        self._current: dict[int, bytes] = {}
        #: Datums that were interrupted to be started anew.
        self._restarted: set[bytes] = set()
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
            workers = list(self._workers.values()) if kill else []
        for worker in workers:
            worker.interrupt()

    def restart(self, key: bytes) -> None:
        """Interrupt a datum that runs, and start it anew with a worker that is new, too."""
        with self._lock:
            number = next((each for each, at in self._current.items() if at == key), None)
            worker = None if number is None or self._stopped else self._workers.get(number)
            if worker is not None:
                self._restarted.add(key)
        if worker is not None:
            worker.interrupt()

    def output_folders(self) -> list[Path]:
        """Where the transforms that run write to."""
        with self._lock:
            return [worker.output for worker in self._workers.values()]

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
        try:
            again: Datum | None = None
            more = True
            while more:
                more, again = self._work_with_one_worker(number, again)
        except BaseException as error:  # handed to the job's thread, which raises it
            self._on_failure(error)

    def _work_with_one_worker(self, number: int, first: Datum | None) -> tuple[bool, Datum | None]:
        """Run datums, *first* before all others, until there are none or the worker is interrupted.

        Returns:
            Whether to go on with another worker, and the datum that was interrupted for that.
        """
        folder = self._order.scratch / str(number)
        try:
            with scratch_errors(folder):
                folder.mkdir(mode=0o700)
            runner = self._open(number, folder)
            if runner is None:
                return False, None
            try:
                return self._run_all(number, runner, first)
            finally:
                with self._lock:
                    del self._workers[number]
                runner.worker.close()
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _open(self, number: int, folder: Path) -> DatumRunner | None:
        order = self._order
        worker = order.executor.open_worker(
            WorkerRequest(order.spec, order.image_digest, folder, order.job_id, order.secrets)
        )
        with self._lock:
            stopped = self._stopped
            if not stopped:
                self._workers[number] = worker
        if stopped:
            worker.close()
            return None
        return DatumRunner(
            vs=order.vs,
            worker=worker,
            inputs=InputFolder(
                order.vs, order.trees, worker.inputs, worker.protects_inputs, self._cache
            ),
            commits=order.commits,
            env=order.env,
            tries=order.spec.datum_tries,
            recovers=bool(order.spec.transform.err_cmd),
            scratch=order.scratch,
            disk_limit=order.spec.limits.disk,
            s3=order.s3,
            early=order.early,
        )

    def _run_all(
        self, number: int, runner: DatumRunner, first: Datum | None
    ) -> tuple[bool, Datum | None]:
        datum = first or self._next()
        while datum is not None:
            with self._order.capacity.take(
                self._order.job_id, self._order.share, self._is_stopped, runner.worker.gpus
            ) as held:
                if held is None:
                    break
                runner.worker.gpus = held.gpus
                run = self._run(number, runner, datum)
            if run is None:
                return self._is_wanted_again(datum), datum
            self._put(run)
            datum = self._next()
        return False, None

    def _run(self, number: int, runner: DatumRunner, datum: Datum) -> DatumRun | None:
        log = DatumLog(self._order.log_limit)
        with self._lock:
            self._current[number] = datum.key
        self._running.begin(datum, log)
        try:
            return runner.run(datum, log)
        finally:
            self._running.end(datum)
            if self._order.take_rest is not None:
                self._order.take_rest(runner.worker.output)
            with self._lock:
                del self._current[number]

    def _is_stopped(self) -> bool:
        with self._lock:
            return self._stopped

    def _is_wanted_again(self, datum: Datum) -> bool:
        with self._lock:
            wanted = datum.key in self._restarted and not self._stopped
            self._restarted.discard(datum.key)
        return wanted
