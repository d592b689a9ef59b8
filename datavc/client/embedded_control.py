"""Controlling pipelines and jobs of a datavc in this process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from datavc.client.control_transport import JobProgress
    from datavc.model.job import DatumInfo, JobInfo, LogLine, PipelineInfo
    from datavc.model.log_query import LogQuery
    from datavc.versioning.versioned_store import VersionedStore

#: Between two looks for new lines.
_FOLLOW_SECONDS: Final = 0.25


class EmbeddedControl:
    """See :class:`~datavc.client.control_transport.ControlTransport`."""

    _vs: VersionedStore
    _home: Path

    def stop_job(self, job: str, author: str) -> JobInfo:
        """Kill a job that is not over."""
        from datavc.engine import job_control

        return job_control.stop_job(self._vs, job, author)

    def restart_job(self, job: str, author: str) -> JobInfo:
        """Let a job that failed run again."""
        from datavc.engine import job_control

        return job_control.restart_job(self._vs, job, author)

    def restart_failed_jobs(self, pipeline: str | None, author: str) -> list[JobInfo]:
        """Restart the last job of each pipeline, or of one, where it failed."""
        from datavc.engine import job_control

        return job_control.restart_failed_jobs(self._vs, author, pipeline)

    def wait_for_job(
        self, job: str, timeout: float | None, progress: JobProgress | None
    ) -> JobInfo:
        """Work on one job until it is over, beside whoever else works on it."""
        from datavc.engine import jobs

        found = jobs.get_job(self._vs, job)
        if found.state.is_terminal:
            return found
        from datavc.engine.engine import Engine
        from datavc.engine.settings import EngineSettings

        engine = Engine(self._vs, EngineSettings(scratch=self._home / "scratch"))
        try:
            return engine.drive_job(found.id, timeout, progress)
        finally:
            engine.close()

    def get_datum(self, job: str, datum: str) -> DatumInfo:
        """One datum that a job ran, or runs."""
        from datavc.engine import datum_control

        return datum_control.get_datum(self._vs, job, datum)

    def restart_datum(self, job: str, datum: str, author: str) -> DatumInfo:
        """Interrupt a datum that runs, and start it anew."""
        from datavc.engine import datum_control

        return datum_control.restart_datum(self._vs, job, datum, author)

    def read_logs(self, query: LogQuery) -> Iterator[LogLine]:
        """The lines that are asked for, as far as they are there."""
        from datavc.engine import logs

        return logs.read_logs(self._vs, query)

    def follow_logs(self, query: LogQuery) -> Iterator[LogLine]:
        """The lines that are asked for, as they come."""
        from datavc.engine.log_follow import LogFollower

        follower = LogFollower(self._vs, query)
        while not follower.is_over:
            yield from follower.poll()
            if not follower.is_over:
                time.sleep(_FOLLOW_SECONDS)

    def stop_pipeline(self, name: str, author: str) -> PipelineInfo:
        """Let a pipeline run no jobs until it is started again."""
        from datavc.engine import pipeline_control

        return pipeline_control.stop_pipeline(self._vs, name, author)

    def start_pipeline(self, name: str, author: str) -> list[JobInfo]:
        """Let a stopped pipeline run again; the job over what it missed, if anything."""
        from datavc.engine import pipeline_control

        return pipeline_control.start_pipeline(self._vs, name, author)

    def run_pipeline(
        self,
        name: str,
        commits: Sequence[tuple[str, str]],
        author: str,
        *,
        parameters: Mapping[str, str],
    ) -> JobInfo:
        """Make a job over the current heads, or over given commits."""
        from datavc.engine import pipeline_control

        return pipeline_control.run_pipeline(self._vs, name, author, commits, parameters=parameters)
