"""Working copies, as people see them."""

from __future__ import annotations

from dataclasses import dataclass

from datavc.model.file_info import ChangeKind


@dataclass(frozen=True, slots=True)
class CopyChange:
    """A path at which a working copy differs from its commit; an empty folder's ends in ``/``."""

    path: str
    kind: ChangeKind


@dataclass(frozen=True, slots=True)
class CopyStatus:
    """A working copy, and what was changed in it."""

    #: The folder.
    root: str
    repo: str
    ref: str
    is_branch: bool
    #: The folder of the repo that is checked out; ``""`` for all of it.
    path: str
    #: The commit that the files come from; ``None`` where the branch had none.
    commit: str | None
    #: What the ref stands for by now, where that is another commit.
    behind: str | None
    changes: tuple[CopyChange, ...]


@dataclass(frozen=True, slots=True)
class CopyUpdate:
    """What bringing a working copy to another commit did."""

    root: str
    ref: str
    commit: str | None
    #: Files written, and removed.
    written: int
    removed: int
    #: Paths that were changed in the folder and in the commit, differently. If there are any,
    #: nothing was done.
    conflicts: tuple[str, ...]
