"""Branches: names for commits that move."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from datavc.db import branches as rows
from datavc.db import outbox, ref_log, staging
from datavc.db.clock import now_us
from datavc.db.repos import RepoRow
from datavc.errors import InvalidInput, LostRace, NotFound
from datavc.model.commit import TreeRef
from datavc.model.ids import new_id
from datavc.model.name import check_ref_name
from datavc.model.repo import BranchInfo, RefMove
from datavc.model.tree.empty import EMPTY_TREE
from datavc.versioning.protections import check_may_move
from datavc.versioning.repos import check_no_pipeline_writes, find_repo
from datavc.versioning.resolve import resolve_id, resolve_kept_id, tree_of
from datavc.versioning.versioned_store import VersionedStore


def create_branch(
    vs: VersionedStore, repo: str, name: str, *, author: str, start: str | None = None
) -> BranchInfo:
    """Make a branch at *start*, or one without commits. Costs one row, whatever it holds.

    Raises:
        InvalidName: it may not be called so.
        AlreadyExists: the name is taken.
        NotFound: there is no such repo, or *start* names nothing.
    """
    check_ref_name(name)
    with vs.db.write() as conn:
        row = find_repo(conn, repo)
        head = None if start is None else resolve_kept_id(conn, row, start)
        reason = f"branch created from {start}" if start else "branch created"
        rows.create(conn, row.id, name, head, author=author, reason=reason, time_us=now_us())
        run_id = announce_head(conn, repo, name, head)
        return replace(find_branch(conn, row, name), run_id=run_id)


def list_branches(vs: VersionedStore, repo: str) -> list[BranchInfo]:
    """A repo's branches by name."""
    with vs.db.read() as conn:
        row = find_repo(conn, repo)
        found: list[BranchInfo] = []
        while page := rows.list_branches(conn, row.id, after=found[-1].name if found else ""):
            found.extend(page)
        return found


def get_branch(vs: VersionedStore, repo: str, name: str) -> BranchInfo:
    """One branch.

    Raises:
        NotFound: there is no such repo or branch.
    """
    with vs.db.read() as conn:
        return find_branch(conn, find_repo(conn, repo), name)


def branch_tree(vs: VersionedStore, repo: str, name: str) -> TreeRef:
    """The tree of a branch's head; the empty one where it has no commit.

    Raises:
        NotFound: there is no such repo or branch.
    """
    with vs.db.read() as conn:
        row = find_repo(conn, repo)
        head = find_branch(conn, row, name).head
        return EMPTY_TREE if head is None else tree_of(conn, row, head)


def move_branch(
    vs: VersionedStore,
    repo: str,
    name: str,
    target: str,
    *,
    author: str,
    expected: str | None = None,
) -> BranchInfo:
    """Point a branch at the commit that *target* names, forwards or backwards.

    Args:
        vs: where it is.
        repo: the repo.
        name: the branch.
        target: a ref in the same repo.
        author: for the ref log.
        expected: the ref that the branch must stand at (``""``: it has no commit), or ``None`` for
            wherever it stands.

    Raises:
        NotFound: there is no such repo, branch or target.
        LostRace: the branch does not stand at *expected*, or moved meanwhile.
        Conflict: a pipeline writes the repo.
    """
    with vs.db.write() as conn:
        row = find_repo(conn, repo)
        branch = find_branch(conn, row, name)
        check_no_pipeline_writes(conn, repo)
        check_may_move(conn, row.id, name)
        new = resolve_kept_id(conn, row, target)
        _check_head(conn, row, branch, expected)
        run_id = None
        if branch.head != new:
            run_id = _move(conn, row, branch, new, author=author, target=target)
        return replace(find_branch(conn, row, name), run_id=run_id)


def delete_branch(
    vs: VersionedStore, repo: str, name: str, *, author: str, expected: str | None = None
) -> None:
    """Delete a branch with its staging. Its commits stay, and the ref log tells its last head.

    *expected* is as in :func:`move_branch`.

    Raises:
        LostRace: the branch does not stand at *expected*.
        NotFound: there is no such repo or branch.
        InvalidInput: it is the repo's default branch.
        Conflict: a pipeline writes the repo.
    """
    with vs.db.write() as conn:
        row = find_repo(conn, repo)
        branch = find_branch(conn, row, name)
        check_no_pipeline_writes(conn, repo)
        check_may_move(conn, row.id, name)
        _check_head(conn, row, branch, expected)
        if name == row.default_branch:
            raise InvalidInput(
                f"{name!r} is the default branch of repo {repo!r}",
                hint="delete the repo, or move the branch",
            )
        staged = staging.list_staged(conn, row.id, name)
        staging.remove(conn, [one.change.id for one in staged])
        rows.remove(conn, row.id, name, author=author, reason="branch deleted", time_us=now_us())


def list_moves(
    vs: VersionedStore, repo: str, name: str | None = None, limit: int = 100
) -> list[RefMove]:
    """The ref log of a repo, or of one of its refs, the newest first."""
    return [move for _, move in numbered_moves(vs, repo, name, limit)]


def _check_head(conn: Connection, repo: RepoRow, branch: BranchInfo, expected: str | None) -> None:
    if expected is None:
        return
    if (resolve_id(conn, repo, expected) if expected else None) != branch.head:
        raise LostRace(
            f"branch {branch.name!r} of repo {repo.name!r} stands at {branch.head}, "
            f"not at {expected or 'no commit'}",
            hint="look at what has landed there, then say again what to move",
        )


def numbered_moves(
    vs: VersionedStore, repo: str, name: str | None, limit: int, before: int | None = None
) -> list[tuple[int, RefMove]]:
    """The ref log with the number of each line; only lines *before* one, if it is given."""
    with vs.db.read() as conn:
        row = find_repo(conn, repo)
        return ref_log.list_moves(conn, row.id, name=name, limit=limit, before=before)


def find_branch(conn: Connection, repo: RepoRow, name: str) -> BranchInfo:
    """The branch.

    Raises:
        NotFound: there is none of that name.
    """
    found = rows.find(conn, repo.id, name)
    if found is None:
        raise NotFound(
            f"repo {repo.name!r} has no branch {name!r}",
            hint=f"make it: datavc branch create {repo.name}@{name}",
        )
    return found


def _move(
    conn: Connection, repo: RepoRow, branch: BranchInfo, new: str, *, author: str, target: str
) -> str | None:
    moved = rows.move(
        conn,
        repo.id,
        branch.name,
        branch.head,
        new,
        author=author,
        reason=f"branch moved to {target}",
        time_us=now_us(),
    )
    if not moved:
        raise LostRace(f"branch {branch.name!r} of repo {repo.name!r} was moved by somebody else")
    return announce_head(conn, repo.name, branch.name, new)


def announce_head(conn: Connection, repo: str, branch: str, head: str | None) -> str | None:
    """A head that moves onto a commit triggers pipelines, as a commit does; gives the run."""
    if head is None:
        return None
    run_id = new_id()
    payload = {"repo": repo, "branch": branch, "commit": head, "run_id": run_id}
    outbox.add(conn, outbox.COMMIT_LANDED, payload, time_us=now_us())
    return run_id
