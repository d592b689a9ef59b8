"""Repos, branches, tags, staging and the ref log, as people see them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RepoInfo:
    """A repo."""

    name: str
    description: str
    default_branch: str
    created_us: int
    #: Files and plain bytes on the default branch's head (0 before the first commit).
    files: int
    bytes: int
    #: The pipeline that writes this repo, or ``None``.
    pipeline: str | None = None


@dataclass(frozen=True, slots=True)
class BranchInfo:
    """A branch; ``head`` is ``None`` before its first commit."""

    repo: str
    name: str
    head: str | None
    updated_us: int
    #: The run that this move has started; only a creation or a move tells it.
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class TagInfo:
    """A tag: a name for one commit that does not move."""

    repo: str
    name: str
    commit: str
    created_us: int
    author: str


@dataclass(frozen=True, slots=True)
class StagedChange:
    """One change set in a branch's staging: what one ``put`` or ``rm`` added."""

    id: int
    author: str
    staged_us: int
    #: Paths put and paths removed.
    puts: int
    removals: int
    #: Sum of the put files' plain sizes.
    bytes: int


@dataclass(frozen=True, slots=True)
class Reset:
    """What dropping staged changes came to."""

    #: Paths whose staged change was dropped, and paths that are still staged.
    dropped: int
    kept: int


@dataclass(frozen=True, slots=True)
class Undone:
    """A move of a branch or tag that was taken back."""

    repo: str
    #: ``branch`` or ``tag``.
    kind: str
    name: str
    #: Where it stood, and where it stands now; ``None`` for nowhere.
    old: str | None
    new: str | None
    #: What the move was that was taken back.
    reason: str
    #: The run of the pipelines that this triggered.
    run_id: str | None


@dataclass(frozen=True, slots=True)
class Protection:
    """Branches that are kept from being changed by hand."""

    repo: str
    #: Glob over branch names.
    pattern: str
    #: Whether commits may be made on them, so that only moves and deletion are not allowed.
    allow_commits: bool
    author: str
    created_us: int


@dataclass(frozen=True, slots=True)
class RefMove:
    """One line of the ref log. ``old``/``new`` are commit ids, ``None`` for none."""

    repo: str
    #: ``branch`` or ``tag``.
    kind: str
    name: str
    old: str | None
    new: str | None
    author: str
    reason: str
    time_us: int
