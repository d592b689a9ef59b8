"""Tags: names for commits that do not move."""

from __future__ import annotations

from datavc.db import tags as rows
from datavc.db.clock import now_us
from datavc.errors import NotFound
from datavc.model.name import check_ref_name
from datavc.model.repo import TagInfo
from datavc.versioning.repos import find_repo
from datavc.versioning.resolve import resolve_kept_id
from datavc.versioning.versioned_store import VersionedStore


def create_tag(vs: VersionedStore, repo: str, name: str, target: str, *, author: str) -> TagInfo:
    """Name the commit that *target* stands for.

    Raises:
        InvalidName: it may not be called so.
        AlreadyExists: the name is taken.
        NotFound: there is no such repo, or *target* names nothing.
    """
    check_ref_name(name)
    with vs.db.write() as conn:
        row = find_repo(conn, repo)
        commit = resolve_kept_id(conn, row, target)
        rows.create(conn, row.id, name, commit, author=author, time_us=now_us())
        found = rows.find(conn, row.id, name)
    if found is None:
        raise NotFound(f"repo {repo!r} has no tag {name!r}")
    return found


def list_tags(vs: VersionedStore, repo: str) -> list[TagInfo]:
    """A repo's tags by name."""
    with vs.db.read() as conn:
        row = find_repo(conn, repo)
        found: list[TagInfo] = []
        while page := rows.list_tags(conn, row.id, after=found[-1].name if found else ""):
            found.extend(page)
        return found


def delete_tag(vs: VersionedStore, repo: str, name: str, *, author: str) -> None:
    """Delete a tag; its commit stays.

    Raises:
        NotFound: there is no such repo or tag.
    """
    with vs.db.write() as conn:
        row = find_repo(conn, repo)
        if not rows.remove(conn, row.id, name, author=author, time_us=now_us()):
            raise NotFound(
                f"repo {repo!r} has no tag {name!r}", hint=f"see `datavc tag list {repo}`"
            )
