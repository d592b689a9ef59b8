"""What the SDK needs from a datavc to have pipelines, and to see what their jobs do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datavc.client.control_transport import JobProgress
    from datavc.model.commit_info import CommitInfo
    from datavc.model.job import DatumInfo, JobInfo, PipelineInfo


class PipelineTransport(Protocol):
    """Pipelines, and jobs."""

    def create_pipeline(
        self, spec: dict[str, object], author: str, *, update: bool, reprocess: bool
    ) -> PipelineInfo:
        """Create a pipeline, or a new version of one."""

    def list_pipelines(self) -> list[PipelineInfo]:
        """All pipelines."""

    def get_pipeline(self, name: str, version: int | None) -> PipelineInfo:
        """One pipeline."""

    def delete_pipeline(self, name: str, author: str, *, force: bool) -> None:
        """Delete a pipeline."""

    def run_cron(self, name: str, author: str) -> list[CommitInfo]:
        """Commit a tick of each of a pipeline's cron inputs."""

    def list_jobs(self, pipeline: str | None, run_id: str | None, limit: int) -> list[JobInfo]:
        """Jobs, newest first."""

    def get_job(self, job: str) -> JobInfo:
        """One job."""

    def list_datums(self, job: str) -> list[DatumInfo]:
        """The datums that a job ran."""

    def wait(
        self, run_id: str, timeout: float | None, progress: JobProgress | None
    ) -> list[JobInfo]:
        """Wait until a run is over; its jobs, the first one first."""
