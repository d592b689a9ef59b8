"""Commits: a new tree on top of a branch's head, landed by one compare-and-swap.

Everything that a commit needs is durable in the store before the one SQL transaction that makes
it visible: commit, parents and provenance, the branch's new head, the ref log, the event that
triggers pipelines, and the end of the staged change sets that it took up.
"""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from datavc.db import branches, outbox, packs, staging
from datavc.db import commits as rows
from datavc.db.clock import now_us
from datavc.db.repos import RepoRow
from datavc.db.staging import StagedRow
from datavc.errors import LostRace, NotFound, NothingStaged
from datavc.model.change_set import StagedRecord, merge_change_sets, read_change_set
from datavc.model.commit import Commit, Provenance, TreeRef
from datavc.model.commit_info import CommitInfo
from datavc.model.ids import new_id
from datavc.model.tree.apply import apply_changes
from datavc.model.tree.empty import EMPTY_TREE
from datavc.versioning.fewer_collections import fewer_collections
from datavc.versioning.nodes import SessionSink
from datavc.versioning.relied_packs import packs_of_change_set, packs_written
from datavc.versioning.repos import check_no_pipeline_writes, find_repo
from datavc.versioning.versioned_store import VersionedStore

#: Kind of the outbox event of a commit that landed on a branch.
COMMIT_LANDED = "commit_landed"

#: How often a commit is tried again on top of a head that has moved meanwhile.
_TRIES = 40
#: Seconds; a loser waits for a random part of this, growing with every try.
_PAUSE = 0.02

#: Run in the commit's transaction with the commit's id.
Extra = Callable[[Connection, str], None]


@dataclass(frozen=True, slots=True)
class _Base:
    """What a commit is built on."""

    repo: RepoRow
    head: str | None
    tree: TreeRef
    #: Staged change sets that the commit takes up.
    staged: Sequence[StagedRow]


@dataclass(frozen=True, slots=True)
class _Words:
    """What a commit says of itself."""

    author: str
    message: str
    provenance: Provenance
    run_id: str


def commit_staged(
    vs: VersionedStore,
    repo: str,
    branch: str,
    *,
    message: str,
    author: str,
    allow_empty: bool = False,
    extra: Extra | None = None,
) -> CommitInfo:
    """Commit all that is staged on a branch.

    What somebody stages meanwhile stays staged; where somebody else commits meanwhile, this
    commit lands on top of that one. *extra* runs in the same transaction; if it raises, nothing
    is committed.

    Raises:
        NotFound: there is no such repo or branch.
        NothingStaged: nothing is, or it changes nothing, and *allow_empty* is not set.
        PathConflict: the staged files do not fit into the branch's tree.
        Conflict: a pipeline writes the repo.
        LostRace: others were faster time and again.
    """
    words = _Words(author, message, Provenance(), new_id())

    def attempt() -> CommitInfo | None:
        base = _read_base(vs, repo, branch, with_staging=True)
        if not base.staged and not allow_empty:
            raise _nothing_staged(repo, branch)
        return _try_changes(
            vs,
            base,
            branch,
            [one.record for one in base.staged],
            words,
            allow_empty=allow_empty,
            extra=extra,
        )

    return _until_landed(repo, branch, attempt)


def commit_changes(
    vs: VersionedStore,
    repo: str,
    branch: str,
    record: StagedRecord,
    *,
    message: str,
    author: str,
    allow_empty: bool = False,
    extra: Extra | None = None,
) -> CommitInfo:
    """Commit one stored change set at once, leaving alone what is staged.

    *extra* is as in :func:`commit_staged`.

    Raises:
        NotFound, NothingStaged, PathConflict, Conflict, LostRace: as :func:`commit_staged`.
    """
    words = _Words(author, message, Provenance(), new_id())

    needed = packs_of_change_set(vs, record)

    def attempt() -> CommitInfo | None:
        base = _read_base(vs, repo, branch, with_staging=False)
        return _try_changes(
            vs,
            base,
            branch,
            [record],
            words,
            allow_empty=allow_empty,
            extra=extra,
            relies_on=needed,
        )

    return _until_landed(repo, branch, attempt)


def commit_tree(
    vs: VersionedStore,
    repo: str,
    branch: str,
    tree: TreeRef,
    *,
    message: str,
    author: str,
    provenance: Provenance,
    run_id: str,
    expected_head: str | None,
    extra: Extra,
    relies_on: Collection[bytes],
) -> CommitInfo:
    """Commit a tree that is stored already, on top of *expected_head* and of nothing else.

    Args:
        vs: where.
        repo: the repo.
        branch: the branch.
        tree: the new content.
        message, author, provenance: what the commit says of itself.
        run_id: the run that it belongs to.
        expected_head: the branch's head, which the tree was built upon.
        extra: run in the same transaction; if it raises, nothing is committed.
        relies_on: the packs that were written for the tree.

    Raises:
        NotFound: there is no such repo or branch.
        Collected: one of those packs is gone.
        LostRace: the branch's head is another one.
    """
    words = _Words(author, message, provenance, run_id)
    with vs.db.read() as conn:
        row = find_repo(conn, repo)
        _find_branch(conn, row, branch)
    landed = _land(vs, _Base(row, expected_head, tree, ()), branch, tree, words, extra, relies_on)
    if landed is None:
        raise LostRace(f"branch {branch!r} of repo {repo!r} is not at {expected_head} any more")
    return landed


def _until_landed(repo: str, branch: str, attempt: Callable[[], CommitInfo | None]) -> CommitInfo:
    """Try until the compare-and-swap wins.

    Threads of one process take turns, which they would otherwise lose to each other.
    """
    with _turn(repo, branch):
        for number in range(1, _TRIES + 1):
            landed = attempt()
            if landed is not None:
                return landed
            time.sleep(random.uniform(0, _PAUSE * number))  # noqa: S311 - spreads retries out
    raise LostRace(
        f"branch {branch!r} of repo {repo!r} moved {_TRIES} times while this commit was made",
        hint="nothing is lost: what was staged is still staged; commit again",
    )


def _try_changes(
    vs: VersionedStore,
    base: _Base,
    branch: str,
    records: Sequence[StagedRecord],
    words: _Words,
    *,
    allow_empty: bool,
    extra: Extra | None,
    relies_on: Collection[bytes] = (),
) -> CommitInfo | None:
    streams = [read_change_set(one.location, one.digest, vs.nodes) for one in records]
    with fewer_collections(), vs.objects.session(vs.chunks) as session:
        changes = merge_change_sets(streams)
        tree = apply_changes(base.tree, changes, vs.nodes, SessionSink(session))
        if tree.digest == base.tree.digest and not allow_empty:
            raise NothingStaged(
                f"the changes leave branch {branch!r} of repo {base.repo.name!r} as it is",
                hint="commit all the same with --allow-empty",
            )
        written = packs_written(session.finish())
    return _land(vs, base, branch, tree, words, extra, written.union(relies_on))


def _land(
    vs: VersionedStore,
    base: _Base,
    branch: str,
    tree: TreeRef,
    words: _Words,
    extra: Extra | None,
    relies_on: Collection[bytes],
) -> CommitInfo | None:
    """The SQL transaction; ``None`` when the head or the staging is not *base*'s any more."""
    now = now_us()
    commit = Commit(
        repo=base.repo.name,
        tree=tree,
        parents=() if base.head is None else (base.head,),
        author=words.author,
        message=words.message,
        time_us=now,
        provenance=words.provenance,
        run_id=words.run_id,
    )
    commit_id = commit.id
    taken = [one.change.id for one in base.staged]
    try:
        with vs.db.write() as conn:
            packs.check_known(conn, relies_on)
            rows.create(conn, base.repo.id, commit)
            moved = branches.move(
                conn,
                base.repo.id,
                branch,
                base.head,
                commit_id,
                author=words.author,
                reason="commit",
                time_us=now,
            )
            if not moved or staging.remove(conn, taken) != len(taken):
                raise _Moved
            payload = {
                "repo": base.repo.name,
                "branch": branch,
                "commit": commit_id,
                "run_id": words.run_id,
            }
            outbox.add(conn, COMMIT_LANDED, payload, time_us=now)
            if extra is not None:
                extra(conn, commit_id)
    except _Moved:
        return None
    return rows.info_of(commit_id, commit)


def _read_base(vs: VersionedStore, repo: str, branch: str, *, with_staging: bool) -> _Base:
    with vs.db.read() as conn:
        row = find_repo(conn, repo)
        head = _find_branch(conn, row, branch)
        check_no_pipeline_writes(conn, repo)
        commit = None if head is None else rows.find(conn, head)
        staged = staging.list_staged(conn, row.id, branch) if with_staging else []
    return _Base(row, head, EMPTY_TREE if commit is None else commit.tree, staged)


def _find_branch(conn: Connection, repo: RepoRow, name: str) -> str | None:
    """The head of a branch.

    Raises:
        NotFound: there is no such branch.
    """
    branch = branches.find(conn, repo.id, name)
    if branch is None:
        raise NotFound(
            f"repo {repo.name!r} has no branch {name!r}",
            hint=f"make it: datavc branch create {repo.name}@{name}",
        )
    return branch.head


def _nothing_staged(repo: str, branch: str) -> NothingStaged:
    return NothingStaged(
        f"nothing is staged on branch {branch!r} of repo {repo!r}",
        hint=f"put something first: datavc put FILE {repo}@{branch}:/",
    )


class _Moved(Exception):
    """The head or the staging is not what the commit was built on."""


class _Turns:
    """One lock for each branch that somebody commits to."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: defaultdict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)

    def __call__(self, repo: str, branch: str) -> threading.Lock:
        with self._guard:
            return self._locks[repo, branch]


_turn = _Turns()
