"""Reproductions in a datavc in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datavc.model.job import JobInfo
    from datavc.model.reproduction import Reproduction
    from datavc.versioning.versioned_store import VersionedStore


class EmbeddedReproduction:
    """See :class:`~datavc.client.reproduction_transport.ReproductionTransport`."""

    _vs: VersionedStore

    def start_reproduction(
        self, repo: str, ref: str, author: str, *, tolerance: float, metrics: tuple[str, ...]
    ) -> JobInfo:
        """Queue a job that makes a commit's output once more."""
        from datavc.engine import reproduction

        return reproduction.start_reproduction(
            self._vs, repo, ref, author, tolerance=tolerance, metrics=metrics
        )

    def list_reproductions(self, repo: str, ref: str) -> list[Reproduction]:
        """What came of it, newest first."""
        from datavc.engine import reproduction

        return reproduction.list_reproductions(self._vs, repo, ref)
