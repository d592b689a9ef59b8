"""What the SDK needs from a datavc to make a commit's output once more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datavc.model.job import JobInfo
    from datavc.model.reproduction import Reproduction


class ReproductionTransport(Protocol):
    """Reproductions."""

    def start_reproduction(
        self, repo: str, ref: str, author: str, *, tolerance: float, metrics: tuple[str, ...]
    ) -> JobInfo:
        """Queue a job that makes a commit's output once more."""

    def list_reproductions(self, repo: str, ref: str) -> list[Reproduction]:
        """What came of it, newest first."""
