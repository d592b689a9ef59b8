"""Commits and lineage, as people see them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """A commit."""

    id: str
    repo: str
    parents: tuple[str, ...]
    author: str
    message: str
    time_us: int
    files: int
    bytes: int
    #: Digest of the tree in hex: equal trees have equal digests, in any repo.
    tree: str
    run_id: str
    #: Ids of the commits that this one was made from, and the pipeline version that made it.
    upstream: tuple[str, ...] = ()
    pipeline: str | None = None
    pipeline_digest: str | None = None


@dataclass(frozen=True, slots=True)
class LineageEdge:
    """``downstream`` was made from ``upstream``; both are commit ids."""

    upstream: str
    downstream: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """The commits reachable from one commit through provenance, and the edges between them."""

    commit: str
    #: ``upstream`` or ``downstream``.
    direction: str
    #: Every commit in the graph, the asked one first, then by distance.
    commits: tuple[CommitInfo, ...]
    edges: tuple[LineageEdge, ...]
