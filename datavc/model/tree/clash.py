"""What two sides of a merge disagree on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from datavc.model.entry import Entry


class MergeStrategy(StrEnum):
    """Whose side is taken where both changed a path."""

    #: The branch's.
    OURS = "ours"
    #: That of what is brought in.
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class PathClash:
    """A path that both sides changed, and not alike."""

    path: str
    base: Entry | None
    ours: Entry | None
    theirs: Entry | None
    #: The side that has a folder there where the other has a file; all of it stands or falls.
    folder: MergeStrategy | None = None


#: One of the sides, or the file that is to be there instead of both.
Decision = MergeStrategy | Entry

#: Says what becomes of a clash; ``None`` leaves it open.
Decide = Callable[[PathClash], Decision | None]


def undecided(_: PathClash) -> None:
    """Leave every clash open."""
