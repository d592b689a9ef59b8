"""What the SDK needs from a datavc to control pipelines and jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datavc.model.job import DatumInfo, JobInfo, LogLine, PipelineInfo
    from datavc.model.log_query import LogQuery

#: Called with a job each time its state or its datum counters change.
JobProgress = Callable[["JobInfo"], None]


class ControlTransport(Protocol):
    """Jobs and pipelines that are stopped, started, restarted and waited for."""

    def stop_job(self, job: str, author: str) -> JobInfo:
        """Kill a job that is not over."""

    def restart_job(self, job: str, author: str) -> JobInfo:
        """Let a job that failed run again."""

    def restart_failed_jobs(self, pipeline: str | None, author: str) -> list[JobInfo]:
        """Restart the last job of each pipeline, or of one, where it failed."""

    def wait_for_job(
        self, job: str, timeout: float | None, progress: JobProgress | None
    ) -> JobInfo:
        """Wait until one job is over."""

    def get_datum(self, job: str, datum: str) -> DatumInfo:
        """One datum that a job ran, or runs."""

    def restart_datum(self, job: str, datum: str, author: str) -> DatumInfo:
        """Interrupt a datum that runs, and start it anew."""

    def read_logs(self, query: LogQuery) -> Iterator[LogLine]:
        """The lines that are asked for, as far as they are there."""

    def follow_logs(self, query: LogQuery) -> Iterator[LogLine]:
        """The lines that are asked for, as they come."""

    def stop_pipeline(self, name: str, author: str) -> PipelineInfo:
        """Let a pipeline run no jobs until it is started again."""

    def start_pipeline(self, name: str, author: str) -> list[JobInfo]:
        """Let a stopped pipeline run again; the job over what it missed, if anything."""

    def run_pipeline(
        self,
        name: str,
        commits: Sequence[tuple[str, str]],
        author: str,
        *,
        parameters: Mapping[str, str],
    ) -> JobInfo:
        """Make a job over the current heads, or over given commits."""
