"""Queries on provenance: what a commit was made from, and what was made from it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, exists, func, literal, select

from datavc.db.tables import Commit, Provenance


@dataclass(frozen=True, slots=True)
class ProvenanceEdge:
    """``downstream`` was made from ``upstream``.

    ``distance`` counts the edges from the commit that was asked about to this one's far end, on
    the shortest way.
    """

    upstream: str
    downstream: str
    distance: int


def upstream(conn: Connection, commit_id: str, *, limit: int = 10_000) -> list[ProvenanceEdge]:
    """All edges that lead to what *commit_id* was made from, at any depth, the nearest first."""
    reached = (
        select(Provenance.c.downstream.label("id"), literal(0).label("distance"))
        .where(Provenance.c.downstream == commit_id)
        .cte("reached", recursive=True)
    )
    reached = reached.union(
        select(Provenance.c.upstream, reached.c.distance + 1).join(
            reached, Provenance.c.downstream == reached.c.id
        )
    )
    distance = func.min(reached.c.distance) + 1
    statement = (
        select(Provenance.c.upstream, Provenance.c.downstream, distance)
        .join(reached, Provenance.c.downstream == reached.c.id)
        .group_by(Provenance.c.upstream, Provenance.c.downstream)
        .order_by(distance, Provenance.c.upstream, Provenance.c.downstream)
        .limit(limit)
    )
    return [ProvenanceEdge(*row) for row in conn.execute(statement)]


def downstream(conn: Connection, commit_id: str, *, limit: int = 10_000) -> list[ProvenanceEdge]:
    """All edges that lead to what was made from *commit_id*, at any depth, the nearest first."""
    reached = (
        select(Provenance.c.upstream.label("id"), literal(0).label("distance"))
        .where(Provenance.c.upstream == commit_id)
        .cte("reached", recursive=True)
    )
    reached = reached.union(
        select(Provenance.c.downstream, reached.c.distance + 1).join(
            reached, Provenance.c.upstream == reached.c.id
        )
    )
    distance = func.min(reached.c.distance) + 1
    statement = (
        select(Provenance.c.upstream, Provenance.c.downstream, distance)
        .join(reached, Provenance.c.upstream == reached.c.id)
        .group_by(Provenance.c.upstream, Provenance.c.downstream)
        .order_by(distance, Provenance.c.downstream, Provenance.c.upstream)
        .limit(limit)
    )
    return [ProvenanceEdge(*row) for row in conn.execute(statement)]


def repo_is_upstream(conn: Connection, repo_id: int) -> bool:
    """Whether a commit of another repo was made from a commit of this one."""
    ours, theirs = Commit.alias("ours"), Commit.alias("theirs")
    edge = (
        select(literal(1))
        .select_from(Provenance)
        .join(ours, ours.c.id == Provenance.c.upstream)
        .join(theirs, theirs.c.id == Provenance.c.downstream)
        .where(ours.c.repo_id == repo_id, theirs.c.repo_id != repo_id)
    )
    return bool(conn.scalar(select(exists(edge))))
