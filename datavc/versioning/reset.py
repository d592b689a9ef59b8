"""Dropping what is staged: all of it, a folder, or one file."""

from __future__ import annotations

from collections.abc import Iterator

from datavc.db import branches as branch_rows
from datavc.db import packs
from datavc.db import staging as rows
from datavc.db.clock import now_us
from datavc.db.staging import StagedRow
from datavc.errors import LostRace
from datavc.model.change_set import (
    ChangeSetWriter,
    StagedRecord,
    merge_change_sets,
    read_change_set,
)
from datavc.model.entry import Change
from datavc.model.name import clean_prefix
from datavc.model.repo import Reset
from datavc.versioning.branches import find_branch
from datavc.versioning.nodes import SessionSink
from datavc.versioning.relied_packs import packs_of_change_set
from datavc.versioning.repos import find_repo
from datavc.versioning.versioned_store import VersionedStore

_TRIES = 20


def reset_staging(
    vs: VersionedStore, repo: str, branch: str, path: str = "", *, author: str
) -> Reset:
    """Drop what is staged on a branch; what was staged at other paths stays so.

    What others stage or commit meanwhile is left alone, whatever its path.

    Args:
        vs: where.
        repo: the repo.
        branch: the branch.
        path: a file, or a folder with all below; ``""`` for everything.
        author: who is written down for what stays.

    Raises:
        NotFound: there is no such repo or branch.
        InvalidPath: the path is malformed.
        LostRace: others staged or committed there time and again.
    """
    wanted = clean_prefix(path).rstrip("/")
    for _ in range(_TRIES):
        staged = _staged(vs, repo, branch)
        record, dropped = _without(vs, staged, wanted)
        kept = record.puts + record.removals if record is not None else 0
        if not dropped:
            return Reset(0, sum(1 for _ in _changes(vs, staged)))
        if _replace(vs, repo, branch, staged, record, author):
            return Reset(dropped, kept)
    raise LostRace(
        f"others staged on branch {branch!r} of repo {repo!r} time and again",
        hint="nothing was dropped: try again",
    )


def _staged(vs: VersionedStore, repo: str, branch: str) -> list[StagedRow]:
    with vs.db.read() as conn:
        row = find_repo(conn, repo)
        find_branch(conn, row, branch)
        return rows.list_staged(conn, row.id, branch)


def _changes(vs: VersionedStore, staged: list[StagedRow]) -> Iterator[Change]:
    records = [one.record for one in staged]
    return merge_change_sets(
        [read_change_set(one.location, one.digest, vs.nodes) for one in records]
    )


def _without(
    vs: VersionedStore, staged: list[StagedRow], wanted: str
) -> tuple[StagedRecord | None, int]:
    """What is staged but for *wanted*, as one change set, and how many paths that left out."""
    dropped = 0
    with vs.objects.session(vs.chunks) as session:
        writer = ChangeSetWriter(SessionSink(session))
        for path, entry in _changes(vs, staged):
            if not wanted or path == wanted or path.startswith(f"{wanted}/"):
                dropped += 1
            else:
                writer.add(path, entry)
        if not dropped or writer.is_empty:
            return None, dropped
        record = writer.finish()
        session.finish()
    return record, dropped


def _replace(
    vs: VersionedStore,
    repo: str,
    branch: str,
    staged: list[StagedRow],
    record: StagedRecord | None,
    author: str,
) -> bool:
    """Put *record* in the place of *staged*; ``False`` when something else is staged by now."""
    needed = packs_of_change_set(vs, record) if record is not None else set()
    with vs.db.write() as conn:
        row = find_repo(conn, repo)
        branch_rows.lock(conn, row.id, branch)
        if rows.list_staged(conn, row.id, branch) != staged:
            return False
        rows.remove(conn, [one.change.id for one in staged])
        if record is not None:
            packs.check_known(conn, needed)
            rows.add(conn, row.id, branch, record, author=author, time_us=now_us())
    return True
