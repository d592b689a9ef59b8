"""What a client did, how long it took, and what it was told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Taken(NamedTuple):
    """One operation that was carried out."""

    kind: str
    #: Seconds since the start of the run.
    begun: float
    seconds: float


class Landed(NamedTuple):
    """A commit that was acknowledged, with the files that it must hold."""

    repo: str
    branch: str
    commit: str
    paths: tuple[str, ...]


@dataclass
class Told:
    """All that one client has to tell."""

    taken: list[Taken] = field(default_factory=list)
    landed: list[Landed] = field(default_factory=list)
    #: Files that were staged, whose commit was not acknowledged: repo, branch and path.
    staged: list[tuple[str, str, str]] = field(default_factory=list)
    #: Messages of commits of which nobody knows if they landed.
    unknown: list[str] = field(default_factory=list)
    #: Operations that were given up since something was away, with the time and the reason.
    refused: list[tuple[float, str]] = field(default_factory=list)
    #: What must not happen: errors of other kinds, and wrong answers.
    errors: list[str] = field(default_factory=list)

    def add(self, other: Told) -> None:
        """Take over what another client tells."""
        self.taken += other.taken
        self.landed += other.landed
        self.staged += other.staged
        self.unknown += other.unknown
        self.refused += other.refused
        self.errors += other.errors
