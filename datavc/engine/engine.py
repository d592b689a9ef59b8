"""The engine: turns commits that land into jobs, and jobs into commits."""

from __future__ import annotations

import itertools
import shutil
import threading
import time
from collections.abc import Callable

from datavc.engine.clock_work import do_what_is_due
from datavc.engine.executors.choose import open_executor
from datavc.engine.job_run import JobRunner
from datavc.engine.jobs import look_at_run, timed_out
from datavc.engine.process_identity import identify_process
from datavc.engine.scheduler import next_job, owner_name
from datavc.engine.scratch import make_engine_folder
from datavc.engine.settings import EngineSettings
from datavc.errors import Unavailable
from datavc.model.ids import new_id
from datavc.model.job import JobInfo
from datavc.versioning.versioned_store import VersionedStore

#: Called with a job each time its state or its datum counters change.
JobProgress = Callable[[JobInfo], None]

_engines = itertools.count(1)
#: Seconds between two looks at a job that another engine works on.
_WAIT_SECONDS = 0.05
#: Longest pause of a serving engine whose store or database is away, in seconds.
_LONGEST_PAUSE = 10.0


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
        owner = owner_name(identify_process(), next(_engines))
        self._runner = JobRunner(vs, self._executor, settings, self._scratch, owner)

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
            StoreUnavailable, DatabaseUnavailable: the jobs stay, for a later engine.
        """
        stop = threading.Event()
        timer = threading.Timer(timeout, stop.set) if timeout is not None else None
        if timer is not None:
            timer.daemon = True
            timer.start()
        try:
            while True:
                job = next_job(self._vs, self._runner.owner, self._settings.lease_seconds)
                if job is not None:
                    self._runner.run(job, stop, progress)
                over, infos = look_at_run(self._vs, run_id)
                if over:
                    return infos
                if stop.is_set():
                    raise timed_out(run_id, timeout or 0, infos)
                if job is None:
                    time.sleep(_WAIT_SECONDS)
        finally:
            if timer is not None:
                timer.cancel()

    def serve(self, stop: threading.Event) -> None:
        """Work on whatever there is to do until *stop* is set, then let go of running jobs.

        Cron inputs tick and triggers by the clock fire as long as somebody serves. A store or
        database that is away is waited for.
        """
        pause = self._settings.poll_seconds
        while not stop.is_set():
            try:
                due = do_what_is_due(self._vs)
                job = next_job(self._vs, self._runner.owner, self._settings.lease_seconds)
                if job is not None:
                    self._runner.run(job, stop)
            except Unavailable:
                stop.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            pause = self._settings.poll_seconds
            if job is None:
                stop.wait(pause if due is None else min(pause, due))

    def close(self) -> None:
        """Let go of the executor and of the scratch files. Safe to call more than once."""
        self._executor.close()
        shutil.rmtree(self._scratch, ignore_errors=True)
