"""Queries on commits and their parents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import CTE, Connection, Row, insert, literal, select

from datavc.db import tables
from datavc.db.conflict_insert import insert_if_new
from datavc.db.tables import CommitParent
from datavc.model.commit import Commit, Provenance, TreeRef
from datavc.model.commit_info import CommitInfo
from datavc.model.entry import Location

# Ids asked for in one statement.
_BATCH = 1000


def create(conn: Connection, repo_id: int, commit: Commit) -> bool:
    """Add a commit with its parents and provenance.

    Returns:
        Whether it is new; a commit that is there already is left as it is.
    """
    commit_id = commit.id
    location = commit.tree.location
    row = {
        "id": commit_id,
        "repo_id": repo_id,
        "author": commit.author,
        "message": commit.message,
        "time_us": commit.time_us,
        "run_id": commit.run_id,
        "tree_digest": commit.tree.digest,
        "tree_pack": location.pack if location else None,
        "tree_offset": location.offset if location else None,
        "tree_length": location.length if location else None,
        "files": commit.tree.files,
        "content_bytes": commit.tree.bytes,
        "pipeline": commit.provenance.pipeline,
        "pipeline_digest": commit.provenance.pipeline_digest,
    }
    if not insert_if_new(conn, tables.Commit, row):
        return False
    parents = [
        {"commit_id": commit_id, "position": position, "parent_id": parent}
        for position, parent in enumerate(commit.parents)
    ]
    edges = [
        {"downstream": commit_id, "upstream": upstream} for upstream in commit.provenance.commits
    ]
    if parents:
        conn.execute(insert(CommitParent), parents)
    if edges:
        conn.execute(insert(tables.Provenance), edges)
    return True


def all_ids(conn: Connection) -> Iterator[str]:
    """The ids of all commits, in order."""
    after = ""
    statement = select(tables.Commit.c.id).order_by(tables.Commit.c.id).limit(_BATCH)
    while page := list(conn.scalars(statement.where(tables.Commit.c.id > after))):
        yield from page
        after = page[-1]


def find(conn: Connection, commit_id: str) -> Commit | None:
    """The commit with this full id, or ``None``."""
    return get_many(conn, [commit_id]).get(commit_id)


def find_tree(conn: Connection, commit_id: str) -> TreeRef | None:
    """The tree of the commit with this full id, or ``None``."""
    commit = tables.Commit.c
    statement = select(
        commit.tree_digest,
        commit.tree_pack,
        commit.tree_offset,
        commit.tree_length,
        commit.files,
        commit.content_bytes,
    ).where(commit.id == commit_id)
    row = conn.execute(statement).first()
    return None if row is None else _tree(row)


def get_many(conn: Connection, ids: Iterable[str]) -> dict[str, Commit]:
    """The commits with these full ids; unknown ids are left out."""
    found: dict[str, Commit] = {}
    remaining = iter(ids)
    while batch := list(islice(remaining, _BATCH)):
        found |= _get_batch(conn, batch)
    return found


def infos(conn: Connection, ids: Sequence[str]) -> list[CommitInfo]:
    """The commits with these full ids as people see them, in that order, without unknown ones."""
    found = get_many(conn, ids)
    return [info_of(commit_id, found[commit_id]) for commit_id in ids if commit_id in found]


def info_of(commit_id: str, commit: Commit) -> CommitInfo:
    """A commit as people see it."""
    return CommitInfo(
        id=commit_id,
        repo=commit.repo,
        parents=commit.parents,
        author=commit.author,
        message=commit.message,
        time_us=commit.time_us,
        files=commit.tree.files,
        bytes=commit.tree.bytes,
        tree=commit.tree.digest.hex(),
        run_id=commit.run_id,
        upstream=commit.provenance.commits,
        pipeline=commit.provenance.pipeline,
        pipeline_digest=commit.provenance.pipeline_digest,
    )


def by_prefix(
    conn: Connection, prefix: str, *, repo_id: int | None = None, limit: int = 10
) -> list[str]:
    """Ids that start with *prefix* (lower-case hex), in order; in one repo or in all."""
    statement = select(tables.Commit.c.id).where(
        tables.Commit.c.id >= prefix,
        # "g" sorts after every hex digit.
        tables.Commit.c.id < prefix + "g",
    )
    if repo_id is not None:
        statement = statement.where(tables.Commit.c.repo_id == repo_id)
    return list(conn.scalars(statement.order_by(tables.Commit.c.id).limit(limit)))


def log(conn: Connection, start: str, *, limit: int = 100) -> list[CommitInfo]:
    """*start* and its first parents, the newest first.

    The next page starts at the last one's first parent.
    """
    line = _first_parents(start, limit)
    return infos(conn, list(conn.scalars(select(line.c.id).order_by(line.c.steps))))


def nth_ancestor(conn: Connection, commit_id: str, steps: int) -> str | None:
    """Go back *steps* first parents; ``None`` when the history is shorter."""
    line = _first_parents(commit_id, steps + 1)
    return conn.scalar(select(line.c.id).where(line.c.steps == steps))


def _first_parents(start: str, count: int) -> CTE:
    line = (
        select(tables.Commit.c.id, literal(0).label("steps"))
        .where(tables.Commit.c.id == start)
        .cte("line", recursive=True)
    )
    return line.union_all(
        select(CommitParent.c.parent_id, line.c.steps + 1)
        .join(line, (CommitParent.c.commit_id == line.c.id) & (CommitParent.c.position == 0))
        .where(line.c.steps + 1 < count)
    )


def _get_batch(conn: Connection, ids: list[str]) -> dict[str, Commit]:
    commit = tables.Commit.c
    rows = conn.execute(
        select(
            commit.id,
            tables.Repo.c.name.label("repo"),
            commit.author,
            commit.message,
            commit.time_us,
            commit.run_id,
            commit.tree_digest,
            commit.tree_pack,
            commit.tree_offset,
            commit.tree_length,
            commit.files,
            commit.content_bytes,
            commit.pipeline,
            commit.pipeline_digest,
        )
        .join(tables.Repo, tables.Repo.c.id == commit.repo_id)
        .where(commit.id.in_(ids))
    ).all()
    parents: dict[str, list[str]] = defaultdict(list)
    for child, parent in conn.execute(
        select(CommitParent.c.commit_id, CommitParent.c.parent_id)
        .where(CommitParent.c.commit_id.in_(ids))
        .order_by(CommitParent.c.commit_id, CommitParent.c.position)
    ):
        parents[child].append(parent)
    upstream: dict[str, list[str]] = defaultdict(list)
    edge = tables.Provenance.c
    for downstream, source in conn.execute(
        select(edge.downstream, edge.upstream)
        .where(edge.downstream.in_(ids))
        .order_by(edge.downstream, edge.upstream)
    ):
        upstream[downstream].append(source)
    return {row.id: _commit(row, tuple(parents[row.id]), tuple(upstream[row.id])) for row in rows}


def _commit(
    row: Row[*tuple[object, ...]], parents: tuple[str, ...], upstream: tuple[str, ...]
) -> Commit:
    return Commit(
        repo=row.repo,
        tree=_tree(row),
        parents=parents,
        author=row.author,
        message=row.message,
        time_us=row.time_us,
        provenance=Provenance(upstream, row.pipeline, row.pipeline_digest),
        run_id=row.run_id,
    )


def _tree(row: Row[*tuple[Any, ...]]) -> TreeRef:
    location = None
    if row.tree_pack is not None:
        location = Location(row.tree_pack, row.tree_offset, row.tree_length)
    return TreeRef(row.tree_digest, location, row.files, row.content_bytes)
