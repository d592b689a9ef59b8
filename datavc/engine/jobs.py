"""Jobs as people see them: list, inspect, wait, kill."""

from __future__ import annotations

from collections.abc import Callable

from datavc.model.job import DatumInfo, JobInfo
from datavc.versioning.versioned_store import VersionedStore


def list_jobs(
    vs: VersionedStore, pipeline: str | None = None, run_id: str | None = None, limit: int = 100
) -> list[JobInfo]:
    """Jobs, newest first; of one pipeline, or of one run (a unique prefix will do)."""
    raise NotImplementedError


def get_job(vs: VersionedStore, job: str) -> JobInfo:
    """One job by its id or a unique prefix of at least 4 digits.

    Raises:
        NotFound: there is none.
        Conflict: the prefix fits several.
    """
    raise NotImplementedError


def list_datums(vs: VersionedStore, job: str) -> list[DatumInfo]:
    """The datums that a job ran (not those it skipped)."""
    raise NotImplementedError


def wait_for_run(
    vs: VersionedStore,
    run_id: str,
    timeout: float | None = None,
    progress: Callable[[JobInfo], None] | None = None,
) -> list[JobInfo]:
    """Wait until engines elsewhere have finished a run, and return its jobs.

    Raises:
        Conflict: *timeout* seconds passed first.
    """
    raise NotImplementedError
