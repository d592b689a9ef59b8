"""Lineage: what a commit was made from, and what was made from it, at any depth."""

from __future__ import annotations

from datavc.db import commits, provenance
from datavc.errors import InvalidInput
from datavc.model.commit_info import Lineage, LineageEdge
from datavc.versioning.repos import find_repo
from datavc.versioning.resolve import resolve_id
from datavc.versioning.versioned_store import VersionedStore

_QUERIES = {"upstream": provenance.upstream, "downstream": provenance.downstream}


def lineage(vs: VersionedStore, repo: str, ref: str, direction: str = "upstream") -> Lineage:
    """The graph of commits that the one named by *ref* was made from, or that were made from it.

    Commits of repos that were deleted appear in the edges only.

    Raises:
        NotFound, Conflict, InvalidAddress: as :func:`datavc.versioning.resolve.get_commit`.
        InvalidInput: *direction* is neither ``upstream`` nor ``downstream``.
    """
    query = _QUERIES.get(direction)
    if query is None:
        raise InvalidInput(f"{direction!r} is no direction", hint="choose upstream or downstream")
    with vs.db.read() as conn:
        start = resolve_id(conn, find_repo(conn, repo), ref)
        edges = query(conn, start)
        ids = [start]
        ids += [edge.upstream if direction == "upstream" else edge.downstream for edge in edges]
        found = commits.infos(conn, list(dict.fromkeys(ids)))
    return Lineage(
        start,
        direction,
        tuple(found),
        tuple(LineageEdge(edge.upstream, edge.downstream) for edge in edges),
    )
