"""What a store holds, what is wrong with it, and what was collected, as people see them."""

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


@dataclass(frozen=True, slots=True)
class Usage:
    """What something takes up in the store."""

    #: A repo, a ref, or what pipelines keep beside their commits.
    name: str
    #: Files and their plain bytes: in the newest commit of a repo, or in the one asked for.
    files: int
    bytes: int
    #: Bytes in the store of all that it refers to, each piece counted once.
    stored_bytes: int
    #: Those among them that nothing else refers to.
    unique_bytes: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with a store."""

    #: ``commit``, ``tree``, ``pack``, ``record``, ``index`` or ``external``.
    kind: str
    #: What is concerned: a commit's or a pack's id, or an external file.
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """What checking a store found."""

    commits: int
    packs: int
    records: int
    #: Bytes of packs that were read and verified.
    bytes_read: int
    #: Records that are in use.
    used_records: int
    #: Lines that the deduplication index lacked or had wrong, and that were put right.
    repaired: int
    problems: tuple[Problem, ...]
    #: Problems that are not listed, since there are so many.
    more_problems: int
    #: External files whose sources were looked at; each version of a source counts once.
    external: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class PurgeInfo:
    """Content that was removed from all history."""

    id: str
    #: What was asked for: ``repo:/path``, or a content's digest.
    subject: str
    reason: str
    #: Distinct contents that are gone.
    contents: int
    #: Bytes that the store won.
    freed_bytes: int
    author: str
    time_us: int


@dataclass(frozen=True, slots=True)
class PurgedPlace:
    """A place in history at which purged content stood."""

    repo: str
    path: str


@dataclass(frozen=True, slots=True)
class PurgeResult:
    """What a purge removed, or would."""

    dry_run: bool
    purge: PurgeInfo
    #: Where the content stood, in all repos.
    places: tuple[PurgedPlace, ...]
    #: Packs that were rewritten without it.
    rewritten_packs: int
    #: Pieces of it that other content shares, which stay for that, and their bytes.
    shared_pieces: int
    shared_bytes: int
    #: Where external files among it lie, which no purge reaches.
    sources: tuple[str, ...] = ()
