"""Queries on branches. Whatever moves a head writes the ref log in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Select, delete, select, update

from datavc.db import ref_log
from datavc.db.conflict_insert import insert_if_new
from datavc.db.tables import Branch, Repo
from datavc.errors import AlreadyExists
from datavc.model.repo import BranchInfo


def create(
    conn: Connection,
    repo_id: int,
    name: str,
    head: str | None,
    *,
    author: str,
    reason: str,
    time_us: int,
) -> None:
    """Add a branch whose head is the commit *head*, or that has none yet.

    Raises:
        AlreadyExists: the repo has a branch of that name.
    """
    row = {
        "repo_id": repo_id,
        "name": name,
        "head": head,
        "updated_us": time_us,
    }
    if not insert_if_new(conn, Branch, row):
        raise AlreadyExists(f"branch {name!r} exists already", hint="choose another name")
    ref_log.record(
        conn, repo_id, "branch", name, None, head, author=author, reason=reason, time_us=time_us
    )


def find(conn: Connection, repo_id: int, name: str) -> BranchInfo | None:
    """The branch, or ``None``."""
    row = conn.execute(_infos(repo_id).where(Branch.c.name == name)).first()
    return None if row is None else BranchInfo(*row)


def lock(conn: Connection, repo_id: int, name: str) -> None:
    """Make others that move or lock the branch wait for the end of this transaction."""
    conn.execute(
        select(Branch.c.head)
        .where(Branch.c.repo_id == repo_id, Branch.c.name == name)
        .with_for_update()
    )


def list_branches(
    conn: Connection, repo_id: int, *, after: str = "", limit: int = 1000
) -> list[BranchInfo]:
    """A repo's branches by name, from the first name past *after*."""
    statement = _infos(repo_id).where(Branch.c.name > after).order_by(Branch.c.name).limit(limit)
    return [BranchInfo(*row) for row in conn.execute(statement)]


def names_among(conn: Connection, repo_id: int, names: Sequence[str]) -> set[str]:
    """Those of *names* that name a branch."""
    statement = select(Branch.c.name).where(Branch.c.repo_id == repo_id, Branch.c.name.in_(names))
    return set(conn.scalars(statement))


def names_from(conn: Connection, repo_id: int, prefix: str) -> list[str]:
    """The names of branches that start with *prefix*, sorted."""
    statement = select(Branch.c.name).where(
        Branch.c.repo_id == repo_id, Branch.c.name.startswith(prefix, autoescape=True)
    )
    # LIKE takes capital and small letters for the same in SQLite.
    return sorted(name for name in conn.scalars(statement) if name.startswith(prefix))


def move(
    conn: Connection,
    repo_id: int,
    name: str,
    old: str | None,
    new: str | None,
    *,
    author: str,
    reason: str,
    time_us: int,
) -> bool:
    """Move a head from *old* to *new* by compare-and-swap.

    Returns:
        Whether it moved; ``False`` when the head is not *old*, or there is no such branch.
    """
    statement = (
        update(Branch)
        .where(
            Branch.c.repo_id == repo_id,
            Branch.c.name == name,
            Branch.c.head.is_not_distinct_from(old),
        )
        .values(head=new, updated_us=time_us)
    )
    if conn.execute(statement).rowcount != 1:
        return False
    ref_log.record(
        conn, repo_id, "branch", name, old, new, author=author, reason=reason, time_us=time_us
    )
    return True


def remove(
    conn: Connection, repo_id: int, name: str, *, author: str, reason: str, time_us: int
) -> bool:
    """Delete a branch and its staging; its commits stay. ``False`` when there is none."""
    statement = (
        delete(Branch)
        .where(Branch.c.repo_id == repo_id, Branch.c.name == name)
        .returning(Branch.c.head)
    )
    row = conn.execute(statement).first()
    if row is None:
        return False
    ref_log.record(
        conn, repo_id, "branch", name, row.head, None, author=author, reason=reason, time_us=time_us
    )
    return True


def _infos(repo_id: int) -> Select[str, str, str | None, int]:
    return (
        select(Repo.c.name, Branch.c.name, Branch.c.head, Branch.c.updated_us)
        .join(Repo, Repo.c.id == Branch.c.repo_id)
        .where(Branch.c.repo_id == repo_id)
    )
