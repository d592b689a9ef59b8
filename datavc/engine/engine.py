"""The engine: turns commits that land into jobs, and jobs into commits."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import threading
import time
from collections.abc import Callable
from functools import partial

from datavc.engine.capacity import Capacity, Share
from datavc.engine.clock_work import do_what_is_due
from datavc.engine.early_outputs import EarlyStorage
from datavc.engine.executors.choose import open_executor
from datavc.engine.job_run import JobRunner
from datavc.engine.job_timeout import timed_out
from datavc.engine.jobs import look_at_job, look_at_run
from datavc.engine.news_watcher import NewsWatcher
from datavc.engine.process_identity import engine_name, identify_process
from datavc.engine.running_jobs import RunningJobs
from datavc.engine.scheduler import Scheduler
from datavc.engine.scratch import make_engine_folder
from datavc.engine.settings import EngineSettings
from datavc.errors import Unavailable
from datavc.model.ids import new_id
from datavc.model.job import JobInfo
from datavc.versioning.versioned_store import VersionedStore

#: Called with a job each time its state or its datum counters change.
JobProgress = Callable[[JobInfo], None]

_engines = itertools.count(1)
#: Longest time between two looks at a job that another engine works on, in seconds.
_WAIT_SECONDS = 0.25
#: Pauses of a serving engine whose store or database is away, in seconds.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 10.0
#: Seconds after which an engine that has enough to do takes one more job: others come first.
_COURTESY = 0.25
#: Shortest time between two looks for work, in seconds.
_REST = 0.1
#: Seconds between two looks whether to stop.
_STOP_LOOK = 0.2


class Engine:
    """One engine process; any number may work on one database and store.

    Args:
        vs: where commits and jobs are.
        settings: see :class:`~datavc.engine.settings.EngineSettings`.

    Raises:
        ExecutorUnavailable: ``settings.executor`` is ``docker`` and no container engine answers.
        OutOfSpace, SourceUnreadable: the scratch folder cannot be made.
    """

    def __init__(self, vs: VersionedStore, settings: EngineSettings) -> None:
        self._vs = vs
        self._settings = settings
        self._executor = open_executor(settings.executor)
        self._scratch = make_engine_folder(settings.scratch, new_id())
        name = engine_name(identify_process(), next(_engines))
        capacity = Capacity(Share(settings.cpus, settings.memory, settings.gpus))
        self._early = EarlyStorage(vs, capacity)
        self._runner = JobRunner(vs, self._executor, settings, self._scratch, capacity, self._early)
        self._scheduler = Scheduler(vs, name, settings.lease_seconds)

    @property
    def executor_name(self) -> str:
        """``docker`` or ``process``: what ``auto`` turned out to be."""
        return self._executor.name

    def drive(
        self, run_id: str, timeout: float | None = None, progress: JobProgress | None = None
    ) -> list[JobInfo]:
        """Work in this thread until the run is over, and return its jobs, the first one first.

        Jobs that stand before it (earlier ones of the same pipelines) are worked on too. A run
        that triggers nothing is over at once.

        Args:
            run_id: the run of the commit or pipeline that started it.
            timeout: seconds after which to stop waiting; the jobs go on with the next engine.
            progress: called from this thread.

        Raises:
            Conflict: the timeout passed first.
            StoreUnavailable, DatabaseUnavailable, ExecutorAway: the jobs stay, for a later engine.
        """
        return self._drive(
            f"run {run_id}", partial(look_at_run, self._vs, run_id), timeout, progress
        )

    def drive_job(
        self, job_id: str, timeout: float | None = None, progress: JobProgress | None = None
    ) -> JobInfo:
        """Work in this thread until one job is over, and return it; as :meth:`drive` otherwise."""
        look = partial(look_at_job, self._vs, job_id)
        return self._drive(f"job {job_id}", look, timeout, progress)[0]

    def _drive(
        self,
        what: str,
        look: Callable[[], tuple[bool, list[JobInfo]]],
        timeout: float | None,
        progress: JobProgress | None,
    ) -> list[JobInfo]:
        stop = threading.Event()
        timer = threading.Timer(timeout, stop.set) if timeout is not None else None
        if timer is not None:
            timer.daemon = True
            timer.start()
        try:
            with contextlib.closing(self._vs.db.news()) as news:
                while True:
                    self._scheduler.prepare()
                    job = self._scheduler.claim()
                    if job is not None:
                        self._runner.run(job, stop, progress)
                    over, infos = look()
                    if over:
                        return infos
                    if stop.is_set():
                        raise timed_out(what, timeout or 0, infos)
                    if job is None:
                        news.wait(_WAIT_SECONDS)
        finally:
            if timer is not None:
                timer.cancel()

    def serve(self, stop: threading.Event) -> None:
        """Work on whatever there is to do until *stop* is set, then let go of running jobs.

        Cron inputs tick and triggers by the clock fire as long as somebody serves.
        Several jobs, of different pipelines, are worked on side by side; their datums share what
        the settings say there is of processors and memory. Once *stop* is set, no datum is
        started; those that run are given time to end, and what is left goes to other engines.
        A store, database or container engine that is away is waited for.
        """
        changed = threading.Event()
        running = RunningJobs(
            self._runner, stop, self._settings.drain_seconds, changed, self._runner.capacity
        )
        standing = RunningJobs(self._runner, stop, 0, changed)
        watcher = NewsWatcher(self._vs, changed)
        pause = _FIRST_PAUSE
        left_behind = False
        try:
            while not stop.is_set():
                changed.clear()
                try:
                    if left_behind and not running.count() and not standing.count():
                        self._executor.clean_up()
                        left_behind = False
                    due = do_what_is_due(self._vs)
                    has_more = self._start_jobs(running, stop)
                    self._start_standing(standing)
                    if not (running.took_leave() or standing.took_leave()):
                        pause = _FIRST_PAUSE
                        self._wait(changed, stop, _COURTESY if has_more else due)
                        continue
                    left_behind = True
                    stop.wait(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
                except Unavailable:
                    stop.wait(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
        finally:
            watcher.close()
            running.wait()
            standing.wait()
            if left_behind or running.took_leave():
                with contextlib.suppress(Unavailable):
                    self._executor.clean_up()

    def _start_standing(self, standing: RunningJobs) -> None:
        """Claim all services; they wait for little, and are not counted."""
        job = self._scheduler.claim_standing()
        while job is not None:
            # What an engine that was killed has left may hold the port.
            self._executor.clean_up_dead()
            standing.start(job)
            job = self._scheduler.claim_standing()

    def _start_jobs(self, running: RunningJobs, stop: threading.Event) -> bool:
        """Claim jobs while there are any, and more may run.

        Returns:
            Whether to look again soon: jobs that were claimed have not had their turn yet, and as
            long as that is so, other engines may have what else there is.
        """
        self._scheduler.prepare()
        while running.count() < self._settings.jobs:
            if self._runner.capacity.is_booked:
                return True
            if not self._runner.capacity.has_spare and stop.wait(_COURTESY):
                return False
            job = self._scheduler.claim(self._runner.capacity.total)
            if job is None:
                return False
            running.start(job)
        return False

    def _wait(self, changed: threading.Event, stop: threading.Event, due: float | None) -> None:
        """Wait for something to change; not for ever, since leases of others run out silently.

        Args:
            changed: is set when something has.
            stop: ends the wait, too.
            due: seconds until the clock asks for something, if it does.
        """
        longest = min(self._settings.poll_seconds, self._settings.lease_seconds / 3)
        deadline = time.monotonic() + (longest if due is None else min(longest, due))
        # Of many changes in a row the first is acted upon at once, and the others together.
        stop.wait(_REST)
        while not stop.is_set() and time.monotonic() < deadline:
            if changed.wait(min(_STOP_LOOK, max(0.0, deadline - time.monotonic()))):
                return

    def close(self) -> None:
        """Let go of the executor and of the scratch files. Safe to call more than once."""
        self._early.close()
        self._executor.close()
        shutil.rmtree(self._scratch, ignore_errors=True)
