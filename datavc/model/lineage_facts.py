"""What is told of a job to those who draw lineage: what it reads, runs and makes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class JobMoment(StrEnum):
    """Which moment of a job is told."""

    START = "START"
    COMPLETE = "COMPLETE"
    FAIL = "FAIL"
    #: It was stopped, given up or made needless; perhaps before it began.
    ABORT = "ABORT"


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """What a job reads, or makes: a commit of a repo."""

    repo: str
    branch: str
    #: ``None`` while it is still to be made, or when nothing was made.
    commit: str | None = None
    #: Files of the whole commit, and the sum of their plain sizes in bytes.
    files: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class LineageFacts:
    """A job as it stood at one moment; times are microseconds since 1970."""

    moment: JobMoment
    time_us: int
    job: str
    run: str
    pipeline: str
    version: int
    #: Whether it runs until something replaces it.
    standing: bool
    inputs: tuple[DatasetFacts, ...]
    output: DatasetFacts
    image: str
    #: What the image turned out to be; ``None`` before it first ran, and without containers.
    image_digest: str | None
    cmd: tuple[str, ...]
    stdin: tuple[str, ...]
    #: When it was asked for.
    created_us: int
    #: Why it ended as it did; ``""`` when there is nothing to say.
    reason: str = ""
