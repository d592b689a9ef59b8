"""Repos: make, list, inspect, delete."""

from __future__ import annotations

import difflib

from sqlalchemy import Connection

from datavc.db import branches as branch_rows
from datavc.db import repos as rows
from datavc.db.clock import now_us
from datavc.db.repos import RepoRow
from datavc.errors import Conflict, NotFound
from datavc.model.address import DEFAULT_BRANCH
from datavc.model.name import check_repo_name
from datavc.model.repo import RepoInfo
from datavc.versioning.versioned_store import VersionedStore


def create_repo(vs: VersionedStore, name: str, *, author: str, description: str = "") -> RepoInfo:
    """Make an empty repo with its default branch.

    Raises:
        InvalidName: it may not be called so.
        AlreadyExists: the name is taken.
    """
    with vs.db.write() as conn:
        add_repo(conn, name, author=author, description=description)
        return _info(conn, name)


def add_repo(conn: Connection, name: str, *, author: str, description: str = "") -> RepoRow:
    """Make a repo in the caller's transaction; see :func:`create_repo`."""
    check_repo_name(name)
    now = now_us()
    row = rows.create(
        conn, name, description=description, default_branch=DEFAULT_BRANCH, time_us=now
    )
    branch_rows.create(
        conn, row.id, DEFAULT_BRANCH, None, author=author, reason="repo created", time_us=now
    )
    return row


def list_repos(vs: VersionedStore) -> list[RepoInfo]:
    """All repos by name."""
    with vs.db.read() as conn:
        return rows.all_infos(conn)


def get_repo(vs: VersionedStore, name: str) -> RepoInfo:
    """One repo.

    Raises:
        NotFound: there is none of that name.
    """
    with vs.db.read() as conn:
        return _info(conn, name)


def delete_repo(vs: VersionedStore, name: str, *, author: str, force: bool = False) -> None:
    """Delete a repo with its branches, tags, staging and commits.

    Args:
        vs: where it is.
        name: the repo.
        author: for the ref log.
        force: delete it even where commits of other repos were made from its commits; their
            lineage then ends in ids without content.

    Raises:
        NotFound: there is none of that name.
        Conflict: a pipeline reads or writes it, or, without *force*, others were made from it.
    """
    from datavc.db import pipelines as pipeline_rows
    from datavc.db import provenance

    with vs.db.write() as conn:
        row = find_repo(conn, name)
        users = pipeline_rows.users_of(conn, name)
        if users:
            raise Conflict(
                f"repo {name!r} is used by pipeline {', '.join(users)}",
                hint="delete the pipeline first: datavc pipeline delete",
            )
        if not force and provenance.repo_is_upstream(conn, row.id):
            raise Conflict(
                f"commits of other repos were made from those of {name!r}",
                hint="delete it all the same with --force; their lineage keeps the ids",
            )
        rows.remove(conn, row.id, author=author, time_us=now_us())


def find_repo(conn: Connection, name: str) -> RepoRow:
    """The repo's row.

    Raises:
        NotFound: there is none of that name; the hint names those that come close.
    """
    row = rows.find(conn, name)
    if row is None:
        raise _missing(conn, name)
    return row


def check_no_pipeline_writes(conn: Connection, repo: str) -> None:
    """Refuse direct changes to a pipeline's output repo.

    Raises:
        Conflict: a pipeline writes *repo*.
    """
    info = rows.info(conn, repo)
    if info is not None and info.pipeline is not None:
        raise Conflict(
            f"repo {repo!r} is written by pipeline {info.pipeline!r}",
            hint="put into one of its input repos, or into a repo of your own",
        )


def _info(conn: Connection, name: str) -> RepoInfo:
    info = rows.info(conn, name)
    if info is None:
        raise _missing(conn, name)
    return info


def _missing(conn: Connection, name: str) -> NotFound:
    near = difflib.get_close_matches(name, [info.name for info in rows.list_infos(conn)], 3)
    hint = f"did you mean {' or '.join(near)}?" if near else "see `datavc repo list`"
    return NotFound(f"repo {name!r} does not exist", hint=hint)
