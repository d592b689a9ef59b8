"""From what people write for a commit to the commit: branch, tag, id or prefix, and onwards."""

from __future__ import annotations

import difflib
import re

from sqlalchemy import Connection

from datavc.db import branches, commits, retention, tags
from datavc.db.repos import RepoRow
from datavc.errors import Conflict, Expired, NotFound
from datavc.model.address import Ref, parse_ref
from datavc.model.commit import Commit, TreeRef
from datavc.model.commit_info import CommitInfo
from datavc.model.tree.empty import EMPTY_TREE
from datavc.versioning.ref_history import logged_id
from datavc.versioning.repos import find_repo
from datavc.versioning.versioned_store import VersionedStore

#: Fewest digits of a commit id that are taken for one.
MIN_PREFIX = 4

_PREFIX = re.compile(rf"[0-9a-f]{{{MIN_PREFIX},64}}")


def get_commit(vs: VersionedStore, repo: str, ref: str) -> CommitInfo:
    """The commit that *ref* names in *repo*.

    Raises:
        NotFound: there is no such repo or ref, or its branch has no commit yet.
        Conflict: an id prefix fits several commits.
        InvalidAddress: *ref* is malformed.
    """
    with vs.db.read() as conn:
        commit_id, commit = find_commit(conn, find_repo(conn, repo), ref)
        return commits.info_of(commit_id, commit)


def get_tree(vs: VersionedStore, repo: str, ref: str) -> TreeRef:
    """The tree of the commit that *ref* names; the empty one for a branch without commits.

    Raises:
        NotFound, Conflict, InvalidAddress: as :func:`get_commit`.
        Expired: the commit's content was given up.
    """
    with vs.db.read() as conn:
        row = find_repo(conn, repo)
        branch = branches.find(conn, row.id, ref)
        if branch is not None and branch.head is None:
            return EMPTY_TREE
        known = None if branch is None else branch.head
        commit_id = known or resolve_id(conn, row, ref)
        _check_kept(conn, row, commit_id)
        return tree_of(conn, row, commit_id)


def tree_of(conn: Connection, repo: RepoRow, commit_id: str) -> TreeRef:
    """The tree of a commit, by its full id.

    Raises:
        NotFound: it is gone.
    """
    tree = commits.find_tree(conn, commit_id)
    if tree is None:
        raise NotFound(f"commit {commit_id} is gone from repo {repo.name!r}")
    return tree


def find_commit(conn: Connection, repo: RepoRow, ref: str) -> tuple[str, Commit]:
    """The id and the commit that *ref* names; see :func:`get_commit`."""
    commit_id = resolve_id(conn, repo, ref)
    commit = commits.find(conn, commit_id)
    if commit is None:
        raise NotFound(f"commit {commit_id} is gone from repo {repo.name!r}")
    return commit_id, commit


def resolve_kept_id(conn: Connection, repo: RepoRow, ref: str) -> str:
    """The full id of the commit that *ref* names, for a ref to point at.

    Its content stays until the end of this transaction, which must be one that writes.

    Raises:
        NotFound, Conflict, InvalidAddress: as :func:`get_commit`.
        Expired: its content was given up.
    """
    retention.announce_ref_move(conn)
    commit_id = resolve_id(conn, repo, ref)
    _check_kept(conn, repo, commit_id)
    return commit_id


def _check_kept(conn: Connection, repo: RepoRow, commit_id: str) -> None:
    if retention.is_expired(conn, commit_id):
        raise Expired(
            f"the content of commit {commit_id[:12]} of repo {repo.name!r} was given up",
            hint=f"its facts and lineage stay; see `datavc retention list {repo.name}`",
        )


def resolve_id(conn: Connection, repo: RepoRow, ref: str) -> str:
    """The full id of the commit that *ref* names; see :func:`get_commit`."""
    parsed = parse_ref(ref)
    base = logged_id(conn, repo, parsed) if parsed.at else _base_id(conn, repo, parsed)
    found = _back(conn, base, parsed.back)
    for parent, back in parsed.turns:
        found = _back(conn, _parent(conn, found, parent), back)
    if found is None:
        raise NotFound(
            f"{repo.name}@{ref} does not exist: the history of {parsed.name} has no such commit",
            hint=f"see `datavc log {repo.name}@{parsed.name}`",
        )
    return found


def _back(conn: Connection, commit: str | None, steps: int) -> str | None:
    if commit is None or not steps:
        return commit
    return commits.nth_ancestor(conn, commit, steps)


def _parent(conn: Connection, commit_id: str | None, number: int) -> str | None:
    commit = None if commit_id is None else commits.find(conn, commit_id)
    if commit is None or number > len(commit.parents):
        return None
    return commit.parents[number - 1]


def _base_id(conn: Connection, repo: RepoRow, ref: Ref) -> str:
    branch = branches.find(conn, repo.id, ref.name)
    if branch is not None:
        if branch.head is None:
            raise NotFound(
                f"branch {ref.name!r} of repo {repo.name!r} has no commit yet",
                hint=f"put something: datavc put FILE {repo.name}@{ref.name}:/ -m MESSAGE",
            )
        return branch.head
    tag = tags.find(conn, repo.id, ref.name)
    if tag is not None:
        return tag.commit
    if _PREFIX.fullmatch(ref.name):
        found = commits.by_prefix(conn, ref.name, repo_id=repo.id)
        if len(found) == 1:
            return found[0]
        if found:
            raise Conflict(
                f"{ref.name!r} is the start of {len(found)} commits or more",
                hint=f"write more digits: {', '.join(one[:16] for one in found[:3])} ...",
            )
    raise _missing(conn, repo, ref.name)


def _missing(conn: Connection, repo: RepoRow, name: str) -> NotFound:
    known = [branch.name for branch in branches.list_branches(conn, repo.id)]
    known += [tag.name for tag in tags.list_tags(conn, repo.id)]
    near = difflib.get_close_matches(name, known, 3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"see `datavc branch list {repo.name}`"
    return NotFound(f"repo {repo.name!r} has no branch, tag or commit {name!r}", hint=hint)
