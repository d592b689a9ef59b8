"""What garbage collection did, and the rules that it follows, as people see them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Collection:
    """What one run of the garbage collection found, and, unless it was a dry run, removed."""

    dry_run: bool
    #: Packs and their bytes before.
    packs: int
    bytes: int
    #: Packs in which nothing is in use, and their bytes: removed.
    dropped_packs: int
    dropped_bytes: int
    #: Packs that were rewritten without what is not in use, and the bytes won.
    rewritten_packs: int
    rewritten_bytes: int
    #: Objects of writes that were never completed, and their bytes: removed.
    orphans: int
    orphan_bytes: int
    #: Packs that are not in use and too young to be removed.
    young_packs: int
    #: Commits whose content was given up by this run, by the rules or as no ref leads to them.
    expired_commits: int


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Commits behind the heads of some branches are given up when they are old."""

    repo: str
    #: Glob over branch names: ``*`` within a part, ``**`` across slashes.
    pattern: str
    #: Seconds.
    keep_s: int
    author: str
    created_us: int
