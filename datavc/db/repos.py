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
        .returning(Repo.c.id)
    )
    repo_id = conn.execute(statement).scalar()
    if repo_id is None:
        raise AlreadyExists(f"repo {name!r} exists already", hint="choose another name")
    return RepoRow(repo_id, name, description, default_branch, time_us)


def find(conn: Connection, name: str) -> RepoRow | None:
    """The repo called *name*, or ``None``."""
    row = conn.execute(_rows().where(Repo.c.name == name)).first()
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
    row = conn.execute(_infos().where(Repo.c.name == name)).first()
    return None if row is None else RepoInfo(*row)


def list_infos(conn: Connection, *, after: str = "", limit: int = 1000) -> list[RepoInfo]:
    """Repos by name, from the first name past *after*."""
    statement = _infos().where(Repo.c.name > after).order_by(Repo.c.name).limit(limit)
    return [RepoInfo(*row) for row in conn.execute(statement)]


def remove(conn: Connection, repo_id: int, *, author: str, time_us: int) -> None:
    """Delete the repo with its branches, tags, staging and commits.

    Every branch and tag gets its last line in the ref log, which stays. So do the edges from
    other repos' commits that were made from the deleted ones: lineage still tells their ids.
    """
    _log_removals(conn, repo_id, author=author, time_us=time_us)
    # Branches and tags point at commits, so they go first.
    conn.execute(delete(Branch).where(Branch.c.repo_id == repo_id))
    conn.execute(delete(Tag).where(Tag.c.repo_id == repo_id))
    conn.execute(delete(Repo).where(Repo.c.id == repo_id))


def _log_removals(conn: Connection, repo_id: int, *, author: str, time_us: int) -> None:
    refs = union_all(
        select(
            Branch.c.repo_id,
            literal("branch").label("kind"),
            Branch.c.name,
            Branch.c.head.label("old"),
        ),
        select(Tag.c.repo_id, literal("tag"), Tag.c.name, Tag.c.commit_id),
    ).subquery()
    moves = (
        select(
            refs.c.repo_id,
            Repo.c.name,
            refs.c.kind,
            refs.c.name,
            refs.c.old,
            literal(author),
            literal("repo deleted"),
            literal(time_us),
        )
        .join(Repo, Repo.c.id == refs.c.repo_id)
        .where(refs.c.repo_id == repo_id)
        .order_by(refs.c.kind, refs.c.name)
    )
    columns = ["repo_id", "repo", "kind", "name", "old", "author", "reason", "time_us"]
    conn.execute(insert_into(conn, RefMove).from_select(columns, moves))


def _rows() -> Select[int, str, str, str, int]:
    return select(
        Repo.c.id, Repo.c.name, Repo.c.description, Repo.c.default_branch, Repo.c.created_us
    )


def _infos() -> Select[str, str, str, int, int, int, str | None]:
    writer = (
        select(func.min(Pipeline.c.name))
        .join(
            PipelineVersion,
            (PipelineVersion.c.pipeline_id == Pipeline.c.id)
            & (PipelineVersion.c.version == Pipeline.c.version),
        )
        .where(PipelineVersion.c.output_repo == Repo.c.name)
        .scalar_subquery()
    )
    return (
        select(
            Repo.c.name,
            Repo.c.description,
            Repo.c.default_branch,
            Repo.c.created_us,
            func.coalesce(Commit.c.files, 0),
            func.coalesce(Commit.c.content_bytes, 0),
            writer,
        )
        .outerjoin(
            Branch, (Branch.c.repo_id == Repo.c.id) & (Branch.c.name == Repo.c.default_branch)
        )
        .outerjoin(Commit, Commit.c.id == Branch.c.head)
    )


def all_infos(conn: Connection) -> list[RepoInfo]:
    """Every repo, by name."""
    found: list[RepoInfo] = []
    while page := list_infos(conn, after=found[-1].name if found else ""):
        found += page
    return found
