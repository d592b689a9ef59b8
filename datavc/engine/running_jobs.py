"""The jobs that a serving engine works on, each in a thread of its own."""

from __future__ import annotations

import logging
import threading

from datavc.db.jobs import JobRow
from datavc.engine.capacity import Capacity
from datavc.engine.job_run import JobRunner
from datavc.errors import Unavailable

_log = logging.getLogger("datavc.engine")


class RunningJobs:
    """Runs claimed jobs side by side. Used by one thread.

    Args:
        runner: runs one job.
        stop: when set, jobs are let go of.
        drain_seconds: how long datums that run may go on after that.
        changed: set whenever a job ends.
        capacity: what the jobs' datums take of; ``None`` for jobs that take nothing of it, and so
            must not be waited for.
    """

    def __init__(
        self,
        runner: JobRunner,
        stop: threading.Event,
        drain_seconds: float,
        changed: threading.Event,
        capacity: Capacity | None = None,
    ) -> None:
        self._runner = runner
        self._stop = stop
        self._drain_seconds = drain_seconds
        self._changed = changed
        self._capacity = capacity
        self._threads: dict[str, threading.Thread] = {}
        #: Set when a job ended since the store or the database is away, until somebody asks.
        self._went_away = threading.Event()

    def start(self, job: JobRow) -> None:
        """Run a job that was claimed."""
        if self._capacity is not None:
            self._capacity.expect(job.id)
        thread = threading.Thread(target=self._run, args=(job,), name=f"datavc-job-{job.id[:8]}")
        self._threads[job.id] = thread
        thread.start()

    def count(self) -> int:
        """How many run."""
        self._threads = {job: each for job, each in self._threads.items() if each.is_alive()}
        return len(self._threads)

    def took_leave(self) -> bool:
        """Whether a job was let go of since the last call because something needed is away."""
        was_set = self._went_away.is_set()
        self._went_away.clear()
        return was_set

    def wait(self) -> None:
        """Wait until all have ended or were let go of."""
        for thread in self._threads.values():
            thread.join()

    def _run(self, job: JobRow) -> None:
        try:
            self._runner.run(job, self._stop, drain_seconds=self._drain_seconds)
        except Unavailable:
            self._went_away.set()
        except Exception:
            # The job has ended as failed, or is taken over when its lease ends.
            _log.exception("job %s of pipeline %s made the engine fail", job.id, job.pipeline)
        finally:
            if self._capacity is not None:
                self._capacity.expect_no_more(job.id)
            self._changed.set()
