"""Queries on repos."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Select, delete, func, literal, select, union_all

from datavc.db.conflict_insert import insert_into
from datavc.db.tables import Branch, Commit, Pipeline, PipelineVersion, RefMove, Repo, Tag
from datavc.errors import AlreadyExists, NotFound
from datavc.model.repo import RepoInfo


@dataclass(frozen=True, slots=True)
class RepoRow:
    """A repo as it is kept."""

    id: int
    name: str
    description: str
    default_branch: str
    created_us: int


def create(
    conn: Connection, name: str, *, description: str, default_branch: str, time_us: int
) -> RepoRow:
    """Add a repo, without any branch.

    Raises:
        AlreadyExists: the name is taken.
    """
    statement = (
        insert_into(conn, Repo)
        .values(
            name=name,
            description=description,
            default_branch=default_branch,
            created_us=time_us,
        )
        .on_conflict_do_nothing()
        .returning(Repo.id)
    )
    repo_id = conn.execute(statement).scalar()
    if repo_id is None:
        raise AlreadyExists(f"repo {name!r} exists already", hint="choose another name")
    return RepoRow(repo_id, name, description, default_branch, time_us)


def find(conn: Connection, name: str) -> RepoRow | None:
    """The repo called *name*, or ``None``."""
    row = conn.execute(_rows().where(Repo.name == name)).first()
    return None if row is None else RepoRow(*row)


def get(conn: Connection, name: str) -> RepoRow:
    """The repo called *name*.

    Raises:
        NotFound: there is none.
    """
    found = find(conn, name)
    if found is None:
        raise NotFound(f"repo {name!r} does not exist", hint="see `datavc repo list`")
    return found


def info(conn: Connection, name: str) -> RepoInfo | None:
    """The repo called *name* as people see it, or ``None``."""
    row = conn.execute(_infos().where(Repo.name == name)).first()
    return None if row is None else RepoInfo(*row)


def list_infos(conn: Connection, *, after: str = "", limit: int = 1000) -> list[RepoInfo]:
    """Repos by name, from the first name past *after*."""
    statement = _infos().where(Repo.name > after).order_by(Repo.name).limit(limit)
    return [RepoInfo(*row) for row in conn.execute(statement)]


def remove(conn: Connection, repo_id: int, *, author: str, time_us: int) -> None:
    """Delete the repo with its branches, tags, staging and commits.

    Every branch and tag gets its last line in the ref log, which stays. So do the edges from
    other repos' commits that were made from the deleted ones: lineage still tells their ids.
    """
    _log_removals(conn, repo_id, author=author, time_us=time_us)
    # Branches and tags point at commits, so they go first.
    conn.execute(delete(Branch).where(Branch.repo_id == repo_id))
    conn.execute(delete(Tag).where(Tag.repo_id == repo_id))
    conn.execute(delete(Repo).where(Repo.id == repo_id))


def _log_removals(conn: Connection, repo_id: int, *, author: str, time_us: int) -> None:
    refs = union_all(
        select(
            Branch.repo_id, literal("branch").label("kind"), Branch.name, Branch.head.label("old")
        ),
        select(Tag.repo_id, literal("tag"), Tag.name, Tag.commit_id),
    ).subquery()
    moves = (
        select(
            refs.c.repo_id,
            Repo.name,
            refs.c.kind,
            refs.c.name,
            refs.c.old,
            literal(author),
            literal("repo deleted"),
            literal(time_us),
        )
        .join(Repo, Repo.id == refs.c.repo_id)
        .where(refs.c.repo_id == repo_id)
        .order_by(refs.c.kind, refs.c.name)
    )
    columns = ["repo_id", "repo", "kind", "name", "old", "author", "reason", "time_us"]
    conn.execute(insert_into(conn, RefMove).from_select(columns, moves))


def _rows() -> Select[tuple[int, str, str, str, int]]:
    return select(Repo.id, Repo.name, Repo.description, Repo.default_branch, Repo.created_us)


def _infos() -> Select[tuple[str, str, str, int, int, int, str | None]]:
    writer = (
        select(func.min(Pipeline.name))
        .join(
            PipelineVersion,
            (PipelineVersion.pipeline_id == Pipeline.id)
            & (PipelineVersion.version == Pipeline.version),
        )
        .where(PipelineVersion.output_repo == Repo.name)
        .scalar_subquery()
    )
    return (
        select(
            Repo.name,
            Repo.description,
            Repo.default_branch,
            Repo.created_us,
            func.coalesce(Commit.files, 0),
            func.coalesce(Commit.content_bytes, 0),
            writer,
        )
        .outerjoin(Branch, (Branch.repo_id == Repo.id) & (Branch.name == Repo.default_branch))
        .outerjoin(Commit, Commit.id == Branch.head)
    )
