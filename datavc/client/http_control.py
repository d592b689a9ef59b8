"""Controlling pipelines and jobs of a datavc on a server."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import httpx
import msgspec

from datavc.client.http_answer import Items, by, decode
from datavc.client.http_events import follow_events
from datavc.client.http_session import HttpSession, Parameters, part
from datavc.model.ids import new_id

if TYPE_CHECKING:
    from datavc.client.control_transport import JobProgress
    from datavc.model.job import DatumInfo, JobInfo, LogLine, PipelineInfo
    from datavc.model.log_query import LogQuery

#: The server holds an answer back for so many seconds at most while there are no news.
_WAIT_SECONDS: Final = 20.0


class HttpControl:
    """See :class:`~datavc.client.control_transport.ControlTransport`."""

    _session: HttpSession

    def stop_job(self, job: str, author: str) -> JobInfo:
        """Kill a job that is not over."""
        from datavc.model.job import JobInfo

        response = self._session.send("POST", f"/jobs/{part(job)}/stop", headers=by(author))
        return decode(response, JobInfo)

    def restart_job(self, job: str, author: str) -> JobInfo:
        """Let a job that failed run again."""
        from datavc.model.job import JobInfo

        response = self._session.send("POST", f"/jobs/{part(job)}/restart", headers=by(author))
        return decode(response, JobInfo)

    def restart_failed_jobs(self, pipeline: str | None, author: str) -> list[JobInfo]:
        """Restart the last job of each pipeline, or of one, where it failed."""
        from datavc.model.job import JobInfo

        response = self._session.send(
            "POST", "/jobs/restart-failed", query={"pipeline": pipeline}, headers=by(author)
        )
        return decode(response, Items[JobInfo]).items

    def wait_for_job(
        self, job: str, timeout: float | None, progress: JobProgress | None
    ) -> JobInfo:
        """Wait until an engine has finished one job."""
        from datavc.engine.job_timeout import timed_out
        from datavc.model.job import JobInfo

        deadline = None if timeout is None else time.monotonic() + timeout
        info: JobInfo | None = None
        known: str | None = None
        pause = 0.0
        while True:
            response = self._session.send(
                "GET",
                f"/jobs/{part(job if info is None else info.id)}",
                query={"wait": pause},
                headers={"If-None-Match": known},
                timeout=pause + 60,
            )
            if info is None or response.status_code != httpx.codes.NOT_MODIFIED:
                info, known = decode(response, JobInfo), response.headers.get("ETag")
                if progress is not None:
                    progress(info)
                if info.state.is_terminal:
                    return info
            left = _WAIT_SECONDS if deadline is None else deadline - time.monotonic()
            if left <= 0:
                raise timed_out(f"job {info.id}", timeout or 0, [info])
            pause = min(_WAIT_SECONDS, left)

    def get_datum(self, job: str, datum: str) -> DatumInfo:
        """One datum that a job ran, or runs."""
        from datavc.model.job import DatumInfo

        return decode(
            self._session.send("GET", f"/jobs/{part(job)}/datums/{part(datum)}"), DatumInfo
        )

    def restart_datum(self, job: str, datum: str, author: str) -> DatumInfo:
        """Interrupt a datum that runs, and start it anew."""
        from datavc.model.job import DatumInfo

        path = f"/jobs/{part(job)}/datums/{part(datum)}/restart"
        return decode(self._session.send("POST", path, headers=by(author)), DatumInfo)

    def read_logs(self, query: LogQuery) -> Iterator[LogLine]:
        """The lines that are asked for, as far as they are there."""
        from datavc.model.job import LogLine

        decode_line = msgspec.json.Decoder(LogLine).decode
        with self._session.stream("/logs", _asked(query)) as response:
            yield from map(decode_line, _split_lines(response.iter_bytes()))

    def follow_logs(self, query: LogQuery) -> Iterator[LogLine]:
        """The lines that are asked for, as they come; also across a restart of the server."""
        from datavc.model.job import LogLine

        decode_line = msgspec.json.Decoder(LogLine).decode
        events = follow_events(self._session, "/logs/events", _asked(query))
        with contextlib.closing(events):
            for event in events:
                yield decode_line(event.data)

    def stop_pipeline(self, name: str, author: str) -> PipelineInfo:
        """Let a pipeline run no jobs until it is started again."""
        from datavc.model.job import PipelineInfo

        response = self._session.send("POST", f"/pipelines/{part(name)}/stop", headers=by(author))
        return decode(response, PipelineInfo)

    def start_pipeline(self, name: str, author: str) -> list[JobInfo]:
        """Let a stopped pipeline run again; the job over what it missed, if anything."""
        from datavc.model.job import JobInfo

        response = self._session.send("POST", f"/pipelines/{part(name)}/start", headers=by(author))
        return decode(response, Items[JobInfo]).items

    def run_pipeline(
        self,
        name: str,
        commits: Sequence[tuple[str, str]],
        author: str,
        *,
        parameters: Mapping[str, str],
    ) -> JobInfo:
        """Make a job over the current heads, or over given commits."""
        from datavc.model.job import JobInfo

        body: dict[str, object] = {"commits": [{"repo": repo, "ref": ref} for repo, ref in commits]}
        if parameters:
            body["parameters"] = dict(parameters)
        headers = {**by(author), "Idempotency-Key": new_id()}
        response = self._session.send(
            "POST", f"/pipelines/{part(name)}/run", body=body, headers=headers, repeat=True
        )
        return decode(response, JobInfo)


def _asked(query: LogQuery) -> Parameters:
    return {
        "job": query.job,
        "pipeline": query.pipeline,
        "datum": query.datum,
        "since": query.since,
        "text": query.text,
        "tail": query.tail,
    }


def _split_lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Lines that end in a line feed, and in nothing else that Unicode takes for an end."""
    held = b""
    for piece in pieces:
        *lines, held = (held + piece).split(b"\n")
        yield from filter(None, lines)
    if held:
        yield held
