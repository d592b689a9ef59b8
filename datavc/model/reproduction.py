"""Making a commit's output once more, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a reproduction came to."""

    #: Every file is the same, bit by bit.
    SAME = "same"
    #: Every file is, but for metrics whose numbers differ less than was asked for.
    WITHIN_TOLERANCE = "within_tolerance"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class ReproductionOrder:
    """What is to be reproduced, and how closely."""

    repo: str
    #: The commit whose output is to be made once more.
    commit: str
    author: str
    #: How much numbers in metrics may differ; 0 for not at all.
    tolerance: float = 0.0
    #: Globs over the paths of files whose numbers may; see
    #: :func:`~datavc.model.tolerance.differs_beyond`.
    metrics: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """``repo@commit``."""
        return f"{self.repo}@{self.commit}"


@dataclass(frozen=True, slots=True)
class ReproducedDifference:
    """A file that did not come out as it was."""

    path: str
    #: ``missing``, ``unexpected`` or ``different``.
    kind: str
    #: How it differs, where that can be said; ``""`` otherwise.
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A commit's output, made once more by the same code from the same inputs."""

    #: The job that did it.
    job: str
    repo: str
    commit: str
    verdict: Verdict
    #: Files that were compared, and how many of them differ beyond the tolerance.
    files: int
    different: int
    #: The first of those that differ.
    differences: tuple[ReproducedDifference, ...]
    tolerance: float
    metrics: tuple[str, ...]
    author: str
    time_us: int
