"""Verbs on pipelines, jobs and datums."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from datavc.client.base import ClientBase
from datavc.client.jsonnet import JSONNET_SUFFIX, evaluate_jsonnet
from datavc.errors import InvalidInput, NotFound, SourceUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datavc.client.transport import JobProgress
    from datavc.model.commit_info import CommitInfo
    from datavc.model.job import DatumInfo, JobInfo, LogLine, PipelineInfo
    from datavc.model.log_query import LogQuery

#: A pipeline spec: as plain data, as YAML or JSON text, or in a file; or a jsonnet template's.
Spec = Mapping[str, object] | str | Path


class PipelineVerbs(ClientBase):
    """Pipelines, and the jobs that commits make of them."""

    def create_pipeline(
        self,
        spec: Spec,
        *,
        update: bool = False,
        reprocess: bool = False,
        run: bool = True,
        progress: JobProgress | None = None,
    ) -> list[PipelineInfo]:
        """Create the pipelines of a spec, each with its output repo, and run their first jobs.

        Args:
            spec: plain data, a path, or YAML or JSON text (which may hold several documents). For
                a jsonnet template with arguments, give what
                :func:`~datavc.client.jsonnet.evaluate_jsonnet` makes of it.
            update: make a new version of a pipeline that exists already.
            reprocess: with *update*, run every datum again.
            run: where pipelines run inline, run the first jobs before returning.
            progress: called as those jobs move on.

        Raises:
            InvalidSpec: the spec is malformed, or would close a cycle.
            NotFound: an input repo, or the spec's file, does not exist.
            AlreadyExists: the name is taken by a repo, or by a pipeline and *update* is not set.
        """
        made = [
            self.transport.create_pipeline(
                document, self.author, update=update, reprocess=reprocess
            )
            for document in load_spec(spec)
        ]
        if run and self.transport.runs_inline:
            for info in made:
                self.run_first_job(info, progress)
        return made

    def run_first_job(
        self, pipeline: PipelineInfo, progress: JobProgress | None = None
    ) -> list[JobInfo]:
        """Work off the newest run of a pipeline, where nobody else would; the jobs of that run."""
        jobs = self.list_jobs(pipeline.name, limit=1)
        if not jobs or not self.transport.runs_inline:
            return []
        return self.transport.wait(jobs[0].run_id, None, progress)

    def list_pipelines(self) -> list[PipelineInfo]:
        """All pipelines at their current version, by name."""
        return self.transport.list_pipelines()

    def get_pipeline(self, name: str, *, version: int | None = None) -> PipelineInfo:
        """One pipeline, at its current version or the one asked for.

        Raises:
            NotFound: there is no such pipeline or version.
        """
        return self.transport.get_pipeline(name, version)

    def delete_pipeline(self, name: str, *, force: bool = False) -> None:
        """Delete a pipeline, its jobs, its output repo and the repos made for its ticks.

        Args:
            name: the pipeline.
            force: delete it although other pipelines read its output.

        Raises:
            NotFound: there is no such pipeline.
            Conflict: other pipelines read its output, and *force* is not set.
        """
        self.transport.delete_pipeline(name, self.author, force=force)

    def run_cron(
        self, name: str, *, run: bool = True, progress: JobProgress | None = None
    ) -> list[CommitInfo]:
        """Let all cron inputs of a pipeline tick now; their schedules go on as they were.

        Args:
            name: the pipeline.
            run: where pipelines run inline, run what that triggers before returning.
            progress: called as those jobs move on.

        Returns:
            The commit of each tick, all of one run.

        Raises:
            NotFound: there is no such pipeline.
            InvalidInput: it has no cron input.
            Conflict: it is stopped.
        """
        ticks = self.transport.run_cron(name, self.author)
        if run and ticks:
            self.run_pipelines(ticks[0], progress)
        return ticks

    def list_jobs(
        self, pipeline: str | None = None, *, run: str | None = None, limit: int = 100
    ) -> list[JobInfo]:
        """Jobs, newest first: all, of one pipeline, or of one run (its id or a unique prefix).

        Raises:
            NotFound: there is no such pipeline or run.
        """
        return self.transport.list_jobs(pipeline, run, limit)

    def get_job(self, job: str) -> JobInfo:
        """One job, by its id or a unique prefix of at least 4 digits.

        Raises:
            NotFound: there is none.
            Conflict: the prefix fits several.
        """
        return self.transport.get_job(job)

    def list_datums(self, job: str) -> list[DatumInfo]:
        """The datums that a job ran; those it skipped are only counted.

        Raises:
            NotFound, Conflict: as :meth:`get_job`.
        """
        return self.transport.list_datums(job)

    def job_logs(
        self,
        job: str,
        *,
        datum: str | None = None,
        since: str = "",
        text: str = "",
        tail: int | None = None,
        follow: bool = False,
    ) -> Iterator[LogLine]:
        """What a job's transforms printed and what the engine says of it, datum by datum.

        Args:
            job: its id or a unique prefix.
            datum: only this datum's lines; its id or a unique prefix.
            since: only lines from this time on, such as ``5 minutes ago``.
            text: only lines with this in them, whatever the case.
            tail: only the last lines, so many, in the order of their times.
            follow: go on with lines as they are printed, until the job is over.

        Raises:
            NotFound: there is no such job, or it ran no such datum.
            Conflict: a prefix fits several.
            InvalidInput: the time is malformed.
        """
        from datavc.model.log_query import LogQuery

        query = LogQuery(job=job, datum=datum, since=since, text=text, tail=tail)
        return self._read_logs(query, follow=follow)

    def pipeline_logs(
        self,
        pipeline: str,
        *,
        since: str = "",
        text: str = "",
        tail: int | None = None,
        follow: bool = False,
    ) -> Iterator[LogLine]:
        """The same of all jobs of a pipeline, oldest first.

        With *follow* it begins with the last job and with those that are not over, goes on with
        later ones, and does not end.

        Raises:
            NotFound: there is no such pipeline.
            InvalidInput: the time is malformed.
        """
        from datavc.model.log_query import LogQuery

        query = LogQuery(pipeline=pipeline, since=since, text=text, tail=tail)
        return self._read_logs(query, follow=follow)

    def _read_logs(self, query: LogQuery, *, follow: bool) -> Iterator[LogLine]:
        if follow:
            return self.transport.follow_logs(query)
        return self.transport.read_logs(query)

    def wait(
        self, what: str, *, timeout: float | None = None, progress: JobProgress | None = None
    ) -> list[JobInfo]:
        """Wait until all that followed from one commit is over; its jobs, the first one first.

        Args:
            what: a commit (``repo@ref``), or a job's or run's id.
            timeout: seconds to wait at most.
            progress: called as jobs move on.

        Raises:
            NotFound: there is no such commit, job or run.
            Conflict: the timeout passed first.
        """
        return self.transport.wait(self._run_of(what), timeout, progress)

    def _run_of(self, what: str) -> str:
        if "@" in what or ":" in what:
            address = self.locate(what)
            return self.transport.resolve(address.repo, str(address.ref)).run_id
        try:
            address = self.locate(what)
        except (NotFound, InvalidInput):
            return self._run_of_id(what)
        return self.transport.resolve(address.repo, str(address.ref)).run_id

    def _run_of_id(self, text: str) -> str:
        try:
            return self.get_job(text).run_id
        except (NotFound, InvalidInput):
            pass
        try:
            return self.list_jobs(run=text, limit=1)[0].run_id
        except (NotFound, InvalidInput, IndexError):
            raise NotFound(
                f"{text!r} is no repo, job or run", hint="see `datavc job list`"
            ) from None


def load_spec(spec: Spec) -> list[dict[str, object]]:
    """The pipeline documents in *spec*: see :data:`Spec`.

    Raises:
        NotFound, SourceUnreadable: the file is missing or cannot be read.
        InvalidSpec: the text is neither YAML nor JSON, or the template fails.
    """
    if isinstance(spec, Mapping):
        return [dict(spec)]
    from datavc.model.pipeline_document import load_pipeline_documents

    if isinstance(spec, str) and ("\n" in spec or spec.lstrip().startswith("{")):
        return load_pipeline_documents(spec)
    path = Path(spec)
    if path.suffix == JSONNET_SUFFIX:
        return load_pipeline_documents(evaluate_jsonnet(path))
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFound(f"there is no file {str(path)!r}", hint="give the path of a spec") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SourceUnreadable(f"{str(path)!r} cannot be read: {reason}") from None
    return load_pipeline_documents(text)
