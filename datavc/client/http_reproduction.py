"""Reproductions in a datavc on a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datavc.client.http_answer import Items, by, decode
from datavc.client.http_session import HttpSession, part

if TYPE_CHECKING:
    from datavc.model.job import JobInfo
    from datavc.model.reproduction import Reproduction


class HttpReproduction:
    """See :class:`~datavc.client.reproduction_transport.ReproductionTransport`."""

    _session: HttpSession

    def start_reproduction(
        self, repo: str, ref: str, author: str, *, tolerance: float, metrics: tuple[str, ...]
    ) -> JobInfo:
        """Queue a job that makes a commit's output once more."""
        from datavc.model.job import JobInfo

        body = {"tolerance": tolerance, "metrics": metrics}
        response = self._session.send("POST", _path(repo, ref), body=body, headers=by(author))
        return decode(response, JobInfo)

    def list_reproductions(self, repo: str, ref: str) -> list[Reproduction]:
        """What came of it, newest first."""
        from datavc.model.reproduction import Reproduction

        response = self._session.send("GET", _path(repo, ref))
        found: list[Reproduction] = decode(response, Items[Reproduction]).items
        return found


def _path(repo: str, ref: str) -> str:
    return f"/repos/{part(repo)}/refs/{part(ref)}/reproductions"
