"""Merges, as people see them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from datavc.model.commit_info import CommitInfo
from datavc.model.entry import Entry
from datavc.model.tree.clash import Decision, PathClash

#: What was decided where the caller gave a file to take instead of either side.
CONTENT = "content"


class MergeOutcome(StrEnum):
    """What a merge came to."""

    MERGED = "merged"
    #: The branch had nothing of its own, and moved forward.
    FAST_FORWARD = "fast_forward"
    #: The branch holds everything already.
    UP_TO_DATE = "up_to_date"
    #: Nothing was changed: both sides changed some paths, and not all of them were decided.
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class MergeBase:
    """Where two refs parted."""

    #: ``None`` where they never met.
    commit: str | None


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
    #: The side (``ours``, ``theirs``) that has a folder there, where the other has a file.
    folder: str | None = None
    #: What was taken: ``ours``, ``theirs`` or ``content``; ``None`` while it is open.
    decided: str | None = None


@dataclass(frozen=True, slots=True)
class MergeInfo:
    """A merge, a revert or a cherry-pick."""

    outcome: MergeOutcome
    #: The branch's head now; ``None`` where it has no commit.
    commit: CommitInfo | None
    #: The paths that both sides changed, sorted; in a conflict those that were decided, too.
    conflicts: tuple[ConflictInfo, ...] = ()
    #: The run that it has started.
    run_id: str | None = None


def conflict_info(clash: PathClash, decision: Decision | None) -> ConflictInfo:
    """What people see of a clash, and of what becomes of it."""
    return ConflictInfo(
        clash.path,
        _size(clash.base),
        _size(clash.ours),
        _size(clash.theirs),
        _digest(clash.base),
        _digest(clash.ours),
        _digest(clash.theirs),
        None if clash.folder is None else clash.folder.value,
        _name(decision),
    )


def _name(decision: Decision | None) -> str | None:
    if isinstance(decision, Entry):
        return CONTENT
    return None if decision is None else decision.value


def _size(entry: Entry | None) -> int | None:
    return None if entry is None else entry.size


def _digest(entry: Entry | None) -> str | None:
    return None if entry is None else entry.digest.hex()
