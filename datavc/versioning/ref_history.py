"""Where a branch stood: so many moves ago, or at a time, by the ref log."""

from __future__ import annotations

from sqlalchemy import Connection

from datavc.db import ref_log
from datavc.db.clock import now_us
from datavc.db.repos import RepoRow
from datavc.errors import NotFound
from datavc.model.address import Ref
from datavc.model.moment import parse_moment


def logged_id(conn: Connection, repo: RepoRow, ref: Ref) -> str:
    """The commit at which *ref*'s branch or tag stood then; it may be deleted by now.

    Raises:
        NotFound: the ref log does not reach back so far, or it stood nowhere.
        InvalidInput: the time is none.
    """
    if ref.at.isdecimal():
        found = _moves_ago(conn, repo, ref.name, int(ref.at))
    else:
        found = ref_log.at_time(conn, repo.id, ref.name, parse_moment(ref.at, now_us()))
    if found is None:
        raise NotFound(
            f"the ref log of {repo.name}@{ref.name} tells of no commit at {ref.at!r}",
            hint=f"see `datavc reflog {repo.name}@{ref.name}`",
        )
    return found


def _moves_ago(conn: Connection, repo: RepoRow, name: str, number: int) -> str | None:
    moves = [move for _, move in ref_log.list_moves(conn, repo.id, name=name, limit=number + 1)]
    if len(moves) > number:
        return moves[number].new
    return moves[-1].old if moves and len(moves) == number else None
