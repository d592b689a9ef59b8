"""Queries on tags. Whatever makes or deletes one writes the ref log in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Select, delete, select

from datavc.db import ref_log
from datavc.db.conflict_insert import insert_if_new
from datavc.db.tables import Repo, Tag
from datavc.errors import AlreadyExists
from datavc.model.repo import TagInfo


def create(
    conn: Connection,
    repo_id: int,
    name: str,
    commit: str,
    *,
    author: str,
    time_us: int,
    reason: str = "tag",
) -> None:
    """Add a tag on the commit whose id is *commit*.

    Raises:
        AlreadyExists: the repo has a tag of that name.
    """
    row = {
        "repo_id": repo_id,
        "name": name,
        "commit_id": commit,
        "created_us": time_us,
        "author": author,
    }
    if not insert_if_new(conn, Tag, row):
        raise AlreadyExists(
            f"tag {name!r} exists already", hint="tags do not move; delete it first"
        )
    ref_log.record(
        conn, repo_id, "tag", name, None, commit, author=author, reason=reason, time_us=time_us
    )


def find(conn: Connection, repo_id: int, name: str) -> TagInfo | None:
    """The tag, or ``None``."""
    row = conn.execute(_infos(repo_id).where(Tag.c.name == name)).first()
    return None if row is None else TagInfo(*row)


def names_among(conn: Connection, repo_id: int, names: Sequence[str]) -> set[str]:
    """Those of *names* that name a tag."""
    statement = select(Tag.c.name).where(Tag.c.repo_id == repo_id, Tag.c.name.in_(names))
    return set(conn.scalars(statement))


def list_tags(
    conn: Connection, repo_id: int, *, after: str = "", limit: int = 1000
) -> list[TagInfo]:
    """A repo's tags by name, from the first name past *after*."""
    statement = _infos(repo_id).where(Tag.c.name > after).order_by(Tag.c.name).limit(limit)
    return [TagInfo(*row) for row in conn.execute(statement)]


def remove(
    conn: Connection,
    repo_id: int,
    name: str,
    *,
    author: str,
    time_us: int,
    reason: str = "tag deleted",
) -> bool:
    """Delete a tag; ``False`` when there is none."""
    statement = (
        delete(Tag).where(Tag.c.repo_id == repo_id, Tag.c.name == name).returning(Tag.c.commit_id)
    )
    row = conn.execute(statement).first()
    if row is None:
        return False
    ref_log.record(
        conn,
        repo_id,
        "tag",
        name,
        row.commit_id,
        None,
        author=author,
        reason=reason,
        time_us=time_us,
    )
    return True


def _infos(repo_id: int) -> Select[str, str, str, int, str]:
    return (
        select(Repo.c.name, Tag.c.name, Tag.c.commit_id, Tag.c.created_us, Tag.c.author)
        .join(Repo, Repo.c.id == Tag.c.repo_id)
        .where(Tag.c.repo_id == repo_id)
    )
