"""Merges, as people see them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from datavc.model.commit_info import CommitInfo
from datavc.model.entry import Entry
from datavc.model.tree.merge import PathClash


class MergeStrategy(StrEnum):
    """Whose side is taken where both changed a path."""

    #: The branch's.
    OURS = "ours"
    #: That of what is brought in.
    THEIRS = "theirs"


class MergeOutcome(StrEnum):
    """What a merge came to."""

    MERGED = "merged"
    #: The branch had nothing of its own, and moved forward.
    FAST_FORWARD = "fast_forward"
    #: The branch holds everything already.
    UP_TO_DATE = "up_to_date"
    #: Nothing was changed: both sides changed some paths, and no strategy was given.
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class ConflictInfo:
    """A path that both sides changed, and not alike.

    Sizes and digests (hex) are ``None`` on the sides where the file is not.
    """

    path: str
    base_size: int | None
    ours_size: int | None
    theirs_size: int | None
    base_digest: str | None
    ours_digest: str | None
    theirs_digest: str | None


@dataclass(frozen=True, slots=True)
class MergeInfo:
    """A merge, a revert or a cherry-pick."""

    outcome: MergeOutcome
    #: The branch's head now; ``None`` where it has no commit.
    commit: CommitInfo | None
    #: The paths that both sides changed, by path; decided by the strategy where there was one.
    conflicts: tuple[ConflictInfo, ...] = ()
    #: The run that it has started.
    run_id: str | None = None


def conflict_info(clash: PathClash) -> ConflictInfo:
    """What people see of a clash."""
    return ConflictInfo(
        clash.path,
        _size(clash.base),
        _size(clash.ours),
        _size(clash.theirs),
        _digest(clash.base),
        _digest(clash.ours),
        _digest(clash.theirs),
    )


def _size(entry: Entry | None) -> int | None:
    return None if entry is None else entry.size


def _digest(entry: Entry | None) -> str | None:
    return None if entry is None else entry.digest.hex()
