"""Pipelines and jobs of a datavc on a server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import httpx
import msgspec

from datavc.client.http_answer import Items, by, decode
from datavc.client.http_pages import read_pages
from datavc.client.http_session import HttpSession, Parameters, part

if TYPE_CHECKING:
    from datavc.client.control_transport import JobProgress
    from datavc.model.commit_info import CommitInfo
    from datavc.model.job import DatumInfo, JobInfo, PipelineInfo

_Job = TypeVar("_Job")

#: The server holds an answer back for so many seconds at most while there are no news.
_WAIT_SECONDS: Final = 20.0


class _Run(msgspec.Struct, Generic[_Job]):
    over: bool
    jobs: list[_Job]


class HttpPipelines:
    """See :class:`~datavc.client.pipeline_transport.PipelineTransport`."""

    _session: HttpSession

    def create_pipeline(
        self, spec: dict[str, object], author: str, *, update: bool, reprocess: bool
    ) -> PipelineInfo:
        """Create a pipeline, or a new version of one."""
        from datavc.model.job import PipelineInfo

        query: Parameters = {"update": update, "reprocess": reprocess}
        response = self._session.send(
            "POST", "/pipelines", query=query, body=spec, headers=by(author)
        )
        return decode(response, PipelineInfo)

    def list_pipelines(self) -> list[PipelineInfo]:
        """All pipelines."""
        from datavc.model.job import PipelineInfo

        return read_pages(self._session, "/pipelines", PipelineInfo)

    def get_pipeline(self, name: str, version: int | None) -> PipelineInfo:
        """One pipeline."""
        from datavc.model.job import PipelineInfo

        response = self._session.send("GET", _pipeline(name), query={"version": version})
        return decode(response, PipelineInfo)

    def delete_pipeline(self, name: str, author: str, *, force: bool) -> None:
        """Delete a pipeline."""
        self._session.send("DELETE", _pipeline(name), query={"force": force}, headers=by(author))

    def run_cron(self, name: str, author: str) -> list[CommitInfo]:
        """Commit a tick of each of a pipeline's cron inputs."""
        from datavc.model.commit_info import CommitInfo

        path = f"{_pipeline(name)}/ticks"
        response = self._session.send("POST", path, body={}, headers=by(author))
        return decode(response, Items[CommitInfo]).items

    def list_jobs(self, pipeline: str | None, run_id: str | None, limit: int) -> list[JobInfo]:
        """Jobs, newest first."""
        from datavc.model.job import JobInfo

        query: Parameters = {"pipeline": pipeline, "run": run_id, "limit": limit}
        return read_pages(self._session, "/jobs", JobInfo, query)

    def get_job(self, job: str) -> JobInfo:
        """One job."""
        from datavc.model.job import JobInfo

        return decode(self._session.send("GET", f"/jobs/{part(job)}"), JobInfo)

    def list_datums(self, job: str) -> list[DatumInfo]:
        """The datums that a job ran."""
        from datavc.model.job import DatumInfo

        return read_pages(self._session, f"/jobs/{part(job)}/datums", DatumInfo)

    def wait(
        self, run_id: str, timeout: float | None, progress: JobProgress | None
    ) -> list[JobInfo]:
        """Wait until an engine has finished a run; its jobs, the first one first."""
        from datavc.engine.job_timeout import timed_out
        from datavc.model.job import JobInfo

        deadline = None if timeout is None else time.monotonic() + timeout
        seen: dict[str, JobInfo] = {}
        known: str | None = None
        infos: list[JobInfo] = []
        while True:
            left = _WAIT_SECONDS if deadline is None else deadline - time.monotonic()
            pause = max(0.0, min(_WAIT_SECONDS, left))
            response = self._session.send(
                "GET",
                f"/runs/{part(run_id)}",
                query={"wait": pause},
                headers={"If-None-Match": known},
                timeout=pause + 60,
            )
            if response.status_code != httpx.codes.NOT_MODIFIED:
                run = decode(response, _Run[JobInfo])
                infos, known = run.jobs, response.headers.get("ETag")
                for info in infos:
                    if progress is not None and seen.get(info.id) != info:
                        progress(info)
                    seen[info.id] = info
                if run.over:
                    return infos
            if deadline is not None and time.monotonic() >= deadline:
                raise timed_out(f"run {run_id}", timeout or 0, infos)


def _pipeline(name: str) -> str:
    return f"/pipelines/{part(name)}"
