"""Reading back what transforms printed and what the engine said of a job."""

from __future__ import annotations

from collections.abc import Iterator

from datavc.model.job import LogLine
from datavc.versioning.versioned_store import VersionedStore


def job_logs(vs: VersionedStore, job: str, datum: str | None = None) -> Iterator[LogLine]:
    """The lines of a job's log: the engine's, then each datum's in the order they ended.

    Args:
        vs: where the job is.
        job: its id or a unique prefix.
        datum: only this datum's lines; its id or a unique prefix.

    Raises:
        NotFound: there is no such job, or it ran no such datum.
    """
    raise NotImplementedError
