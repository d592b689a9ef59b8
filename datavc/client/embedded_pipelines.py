"""Pipelines and jobs of a datavc in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datavc.client.embedded_lineage import tell_lineage

if TYPE_CHECKING:
    from pathlib import Path

    from datavc.client.control_transport import JobProgress
    from datavc.model.commit_info import CommitInfo
    from datavc.model.job import DatumInfo, JobInfo, PipelineInfo
    from datavc.versioning.versioned_store import VersionedStore


class EmbeddedPipelines:
    """See :class:`~datavc.client.pipeline_transport.PipelineTransport`."""

    _vs: VersionedStore
    _home: Path

    def create_pipeline(
        self, spec: dict[str, object], author: str, *, update: bool, reprocess: bool
    ) -> PipelineInfo:
        """Create a pipeline, or a new version of one."""
        from datavc.engine import pipelines
        from datavc.engine.capacity import host_share
        from datavc.engine.s3_sessions import s3_gateway_of
        from datavc.engine.settings import s3_endpoint_from_environment
        from datavc.model.pipeline import parse_pipeline_spec

        s3_gateway_of(parse_pipeline_spec(spec), s3_endpoint_from_environment())
        return pipelines.create_pipeline(
            self._vs, spec, author, update=update, reprocess=reprocess, host=host_share()
        )

    def list_pipelines(self) -> list[PipelineInfo]:
        """All pipelines."""
        from datavc.engine import pipelines

        return pipelines.list_pipelines(self._vs)

    def get_pipeline(self, name: str, version: int | None) -> PipelineInfo:
        """One pipeline."""
        from datavc.engine import pipelines

        return pipelines.get_pipeline(self._vs, name, version)

    def delete_pipeline(self, name: str, author: str, *, force: bool) -> None:
        """Delete a pipeline."""
        from datavc.engine import pipelines

        pipelines.delete_pipeline(self._vs, name, author, force=force)

    def run_cron(self, name: str, author: str) -> list[CommitInfo]:
        """Commit a tick of each of a pipeline's cron inputs."""
        from datavc.engine import cron

        return cron.tick_now(self._vs, name, author)

    def list_jobs(self, pipeline: str | None, run_id: str | None, limit: int) -> list[JobInfo]:
        """Jobs, newest first."""
        from datavc.engine import jobs

        return jobs.list_jobs(self._vs, pipeline, run_id, limit)

    def get_job(self, job: str) -> JobInfo:
        """One job."""
        from datavc.engine import jobs

        return jobs.get_job(self._vs, job)

    def list_datums(self, job: str) -> list[DatumInfo]:
        """The datums that a job ran."""
        from datavc.engine import jobs

        return jobs.list_datums(self._vs, job)

    def wait(
        self, run_id: str, timeout: float | None, progress: JobProgress | None
    ) -> list[JobInfo]:
        """Work on a run until it is over, beside whoever else works on it."""
        from datavc.engine import jobs
        from datavc.engine.process_identity import engine_name, identify_process
        from datavc.engine.triggers import handle_events

        handle_events(self._vs, engine_name(identify_process(), 0))
        is_over, found = jobs.look_at_run(self._vs, run_id)
        if is_over:
            # Most commits trigger nothing, and opening an executor takes a while.
            return found
        from datavc.engine.engine import Engine
        from datavc.engine.settings import EngineSettings

        engine = Engine(self._vs, EngineSettings(scratch=self._home / "scratch"))
        try:
            return engine.drive(run_id, timeout, progress)
        finally:
            engine.close()
            tell_lineage(self._vs)
