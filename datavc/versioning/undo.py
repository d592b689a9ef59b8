"""Taking back moves of branches and tags, one after another, by the ref log."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from datavc.db import branches as branch_rows
from datavc.db import ref_log
from datavc.db import tags as tag_rows
from datavc.db.clock import now_us
from datavc.db.repos import RepoRow
from datavc.errors import Conflict, LostRace, NotFound
from datavc.model.repo import RefMove, Undone
from datavc.versioning.branches import announce_head
from datavc.versioning.protections import check_may_move
from datavc.versioning.repos import check_no_pipeline_writes, find_repo
from datavc.versioning.resolve import resolve_kept_id
from datavc.versioning.versioned_store import VersionedStore

#: How the ref log's reasons of such moves start: the next one goes further back.
UNDO = "undo: "
_PAGE = 500


def undo(vs: VersionedStore, repo: str, name: str, *, author: str) -> Undone:
    """Take back the last move of a branch or tag that was not taken back yet.

    A branch goes back to the commit that it stood at; a deleted branch or tag comes back; a tag
    that was created goes. Commits stay, and the ref log keeps everything, so an undo can be
    undone by moving the branch to where it was.

    Raises:
        NotFound: there is no such repo, or nothing of that name was ever moved.
        Conflict: there is nothing left to undo, or a pipeline writes the repo.
        Expired: the content of the commit that it stood at was given up.
        LostRace: somebody else moved it meanwhile.
    """
    with vs.db.write() as conn:
        row = find_repo(conn, repo)
        check_no_pipeline_writes(conn, repo)
        check_may_move(conn, row.id, name)
        move = _to_take_back(_moves(conn, row, name), row, name)
        run_id = _take_back(conn, row, move, author)
        return Undone(repo, move.kind, name, move.new, move.old, move.reason, run_id)


def _moves(conn: Connection, row: RepoRow, name: str) -> list[RefMove]:
    """All moves of that name, the newest first."""
    found: list[RefMove] = []
    before: int | None = None
    while page := ref_log.list_moves(conn, row.id, name=name, limit=_PAGE, before=before):
        found += [move for _, move in page]
        before = page[-1][0]
    return found


def _to_take_back(moves: Sequence[RefMove], row: RepoRow, name: str) -> RefMove:
    if not moves:
        raise NotFound(
            f"repo {row.name!r} never had a branch or tag {name!r}",
            hint=f"see `datavc reflog {row.name}`",
        )
    left = 0
    for move in moves:
        if move.reason.startswith(UNDO):
            left += 1
        elif left:
            left -= 1
        else:
            return move
    raise Conflict(f"there is nothing left to undo of {row.name}@{name}")


def _take_back(conn: Connection, row: RepoRow, move: RefMove, author: str) -> str | None:
    now = now_us()
    reason = f"{UNDO}{move.reason}"
    if move.old is not None:
        resolve_kept_id(conn, row, move.old)
    if move.kind == "tag":
        if move.old is None:
            tag_rows.remove(conn, row.id, move.name, author=author, time_us=now, reason=reason)
        else:
            tag_rows.create(
                conn, row.id, move.name, move.old, author=author, time_us=now, reason=reason
            )
        return None
    branch = branch_rows.find(conn, row.id, move.name)
    if branch is None:
        branch_rows.create(
            conn, row.id, move.name, move.old, author=author, reason=reason, time_us=now
        )
    elif (move.old is None and move.new is None) or _is_creation(move):
        raise Conflict(
            f"branch {move.name!r} of repo {row.name!r} is as it was created",
            hint=f"delete it: datavc branch delete {row.name}@{move.name}",
        )
    elif not branch_rows.move(
        conn, row.id, move.name, move.new, move.old, author=author, reason=reason, time_us=now
    ):
        raise LostRace(
            f"branch {move.name!r} of repo {row.name!r} is not where its log says",
            hint="try again",
        )
    return announce_head(conn, row.name, move.name, move.old)


def _is_creation(move: RefMove) -> bool:
    return move.old is None and move.reason.startswith(("branch created", "repo created"))
