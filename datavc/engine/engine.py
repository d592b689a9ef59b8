"""The engine: turns commits that land into jobs, and jobs into commits."""

from __future__ import annotations

import threading
from collections.abc import Callable

from datavc.engine.settings import EngineSettings
from datavc.model.job import JobInfo
from datavc.versioning.versioned_store import VersionedStore

#: Called with a job each time its state or its datum counters change.
JobProgress = Callable[[JobInfo], None]


class Engine:
    """One engine process; any number may work on one database and store.

    Args:
        vs: where commits and jobs are.
        settings: see :class:`~datavc.engine.settings.EngineSettings`.

    Raises:
        ExecutorUnavailable: ``settings.executor`` is ``docker`` and no container engine answers.
    """

    def __init__(self, vs: VersionedStore, settings: EngineSettings) -> None:
        raise NotImplementedError

    @property
    def executor_name(self) -> str:
        """``docker`` or ``process``: what ``auto`` turned out to be."""
        raise NotImplementedError

    def drive(
        self, run_id: str, timeout: float | None = None, progress: JobProgress | None = None
    ) -> list[JobInfo]:
        """Work in this thread until the run is over, and return its jobs in topological order.

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
        raise NotImplementedError

    def serve(self, stop: threading.Event) -> None:
        """Work on whatever there is to do until *stop* is set, then let go of running jobs.

        A store or database that is away is waited for.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Stop running datums and remove warm containers and scratch files."""
        raise NotImplementedError
