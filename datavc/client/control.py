"""Verbs that stop, start, run and restart pipelines and jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datavc.client.base import ClientBase
from datavc.errors import InvalidAddress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datavc.client.transport import JobProgress
    from datavc.model.job import DatumInfo, JobInfo, PipelineInfo


class ControlVerbs(ClientBase):
    """Control of pipelines and jobs."""

    def stop_job(self, job: str) -> JobInfo:
        """Kill a job that is not over; jobs that wait for its output become unrunnable.

        What its datums have done so far is kept. An engine that works on it notices in seconds.

        Raises:
            NotFound: there is no such job.
            Conflict: it is over already, or the prefix fits several.
        """
        return self.transport.stop_job(job, self.author)

    def restart_job(
        self, job: str, *, run: bool = True, progress: JobProgress | None = None
    ) -> list[JobInfo]:
        """Let a job that failed or was stopped run again; what succeeded is not done again.

        Jobs of its run that were given up because of it wait for it again.

        Args:
            job: its id or a unique prefix.
            run: where pipelines run inline, run it before returning.
            progress: called as jobs move on.

        Returns:
            The jobs of its run where they were run, or else the job alone.

        Raises:
            NotFound: there is no such job.
            Conflict: it is not over, or it succeeded; the pipeline has moved on since; or what
                it waits for has not succeeded.
        """
        return self._run_all([self.transport.restart_job(job, self.author)], progress, run=run)

    def restart_failed_jobs(
        self,
        pipeline: str | None = None,
        *,
        run: bool = True,
        progress: JobProgress | None = None,
    ) -> list[JobInfo]:
        """Restart the last job of each pipeline, or of one, where it failed.

        Raises:
            NotFound: there is no such pipeline.
        """
        restarted = self.transport.restart_failed_jobs(pipeline, self.author)
        return self._run_all(restarted, progress, run=run)

    def wait_for_job(
        self, job: str, *, timeout: float | None = None, progress: JobProgress | None = None
    ) -> JobInfo:
        """Wait until one job is over, whatever else belongs to its run.

        Args:
            job: its id or a unique prefix.
            timeout: seconds to wait at most.
            progress: called as it moves on.

        Raises:
            NotFound: there is no such job.
            Conflict: the timeout passed first, or the prefix fits several.
        """
        return self.transport.wait_for_job(job, timeout, progress)

    def get_datum(self, job: str, datum: str) -> DatumInfo:
        """One datum that a job ran, or runs, by its id or a unique prefix.

        Raises:
            NotFound: there is no such job or datum.
            Conflict: a prefix fits several.
        """
        return self.transport.get_datum(job, datum)

    def restart_datum(self, job: str, datum: str) -> DatumInfo:
        """Interrupt a datum that runs, one that hangs say, and start it anew within a second.

        Raises:
            NotFound: there is no such job or datum.
            Conflict: the datum does not run, or a prefix fits several.
        """
        return self.transport.restart_datum(job, datum, self.author)

    def stop_pipeline(self, name: str) -> PipelineInfo:
        """Let a pipeline run no jobs until it is started again, and kill those that are not over.

        Raises:
            NotFound: there is no such pipeline.
        """
        return self.transport.stop_pipeline(name, self.author)

    def start_pipeline(
        self, name: str, *, run: bool = True, progress: JobProgress | None = None
    ) -> list[JobInfo]:
        """Let a stopped pipeline run again, with one job over all commits that it missed.

        Args:
            name: the pipeline.
            run: where pipelines run inline, run that job before returning.
            progress: called as it moves on.

        Returns:
            The jobs of its run where they were run, or else that job; none if nothing was missed.

        Raises:
            NotFound: there is no such pipeline.
        """
        return self._run_all(self.transport.start_pipeline(name, self.author), progress, run=run)

    def run_pipeline(
        self,
        name: str,
        commits: Sequence[str] = (),
        *,
        parameters: Mapping[str, str] | None = None,
        run: bool = True,
        progress: JobProgress | None = None,
    ) -> list[JobInfo]:
        """Run a pipeline on what its inputs hold now, or held at given commits.

        Args:
            name: the pipeline.
            commits: ``repo@ref`` of each input that is not to be read at its head.
            parameters: values of variables of the spec's ``transform.env``, for this job alone.
                Other values are other results: nothing is reused that was made by others.
            run: where pipelines run inline, run the job before returning.
            progress: called as it moves on.

        Returns:
            The jobs of its run where they were run, or else the job alone.

        Raises:
            NotFound: there is no such pipeline, repo or ref.
            InvalidInput: the pipeline does not read a repo, or reads several branches of it; or it
                has no such parameter.
            Conflict: the pipeline is stopped, or an input has no commit yet.
        """
        pins = [self._locate_commit(commit) for commit in commits]
        made = self.transport.run_pipeline(name, pins, self.author, parameters=parameters or {})
        return self._run_all([made], progress, run=run)

    def reprocess_pipeline(
        self, name: str, *, run: bool = True, progress: JobProgress | None = None
    ) -> list[JobInfo]:
        """Run every datum of a pipeline again, changed or not, by a new version of it.

        Returns:
            The jobs of its run where they were run, or else the new version's job, if an input has
            a commit at all.

        Raises:
            NotFound: there is no such pipeline.
        """
        spec = self.transport.get_pipeline(name, None).spec
        made = self.transport.create_pipeline(spec, self.author, update=True, reprocess=True)
        jobs = [] if made.last_job is None else [self.transport.get_job(made.last_job)]
        return self._run_all(jobs, progress, run=run)

    def _locate_commit(self, text: str) -> tuple[str, str]:
        address = self.locate(text)
        if address.path:
            raise InvalidAddress(f"{text!r} names a path", hint="name a commit: repo@ref")
        return address.repo, str(address.ref)

    def _run_all(
        self, made: Sequence[JobInfo], progress: JobProgress | None, *, run: bool
    ) -> list[JobInfo]:
        """Work off the runs of jobs that were just made, where nobody else would."""
        if not run or not self.transport.runs_inline:
            return list(made)
        found: dict[str, JobInfo] = {}
        for run_id in dict.fromkeys(job.run_id for job in made):
            found |= {job.id: job for job in self.transport.wait(run_id, None, progress)}
        return list(found.values())
