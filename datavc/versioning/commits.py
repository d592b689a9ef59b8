"""Commits: a new tree on top of a branch's head, landed by one compare-and-swap.

Everything that a commit needs is durable in the store before the one SQL transaction that makes
it visible: commit, parents and provenance, the branch's new head, the ref log, the event that
triggers pipelines, and the end of the staged change sets that it took up.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from datavc.db import branches, staging
from datavc.db import commits as rows
from datavc.db.repos import RepoRow
from datavc.errors import LostRace, NotFound, NothingStaged
from datavc.model.change_set import StagedRecord, merge_change_sets, read_change_set
from datavc.model.commit import Provenance, TreeRef
from datavc.model.commit_info import CommitInfo
from datavc.model.ids import new_id
from datavc.model.tree.apply import apply_changes
from datavc.model.tree.empty import EMPTY_TREE
from datavc.versioning.fewer_collections import fewer_collections
from datavc.versioning.landing import (
    Base,
    Extra,
    Prepared,
    Words,
    commit_span,
    land,
    until_landed,
)
from datavc.versioning.nodes import SessionSink
from datavc.versioning.relied_packs import packs_of_change_set, packs_written, relying_on
from datavc.versioning.repos import check_no_pipeline_writes, find_repo
from datavc.versioning.versioned_store import VersionedStore


def commit_staged(
    vs: VersionedStore,
    repo: str,
    branch: str,
    *,
    message: str,
    author: str,
    allow_empty: bool = False,
    expected_head: str | None = None,
    extra: Extra | None = None,
) -> CommitInfo:
    """Commit all that is staged on a branch.

    What somebody stages meanwhile stays staged; where somebody else commits meanwhile, this
    commit lands on top of that one, unless *expected_head* is given: then nothing is committed
    unless that is the branch's head (``""``: it has none). *extra* runs in the same transaction; if
    it raises, nothing is committed.

    Raises:
        NotFound: there is no such repo or branch.
        NothingStaged: nothing is, or it changes nothing, and *allow_empty* is not set.
        PathConflict: the staged files do not fit into the branch's tree.
        Conflict: a pipeline writes the repo.
        LostRace: others were faster time and again.
    """
    words = Words(author, message, Provenance(), new_id(), by_hand=True)

    def attempt() -> CommitInfo | None:
        prepared = prepare_staged(
            vs, repo, branch, words, allow_empty=allow_empty, expected_head=expected_head
        )
        return land(vs, prepared, extra)

    return until_landed(vs, repo, branch, attempt)


def prepare_staged(
    vs: VersionedStore,
    repo: str,
    branch: str,
    words: Words,
    *,
    allow_empty: bool,
    expected_head: str | None = None,
) -> Prepared:
    """The commit of all that is staged on a branch, ready to land.

    Raises:
        NotFound, NothingStaged, PathConflict, Conflict: as :func:`commit_staged`.
    """
    base = _read_base(vs, repo, branch, with_staging=True)
    _check_head(base, repo, branch, expected_head)
    if not base.staged and not allow_empty:
        raise _nothing_staged(repo, branch)
    records = [one.record for one in base.staged]
    return _prepare(vs, base, branch, records, words, allow_empty=allow_empty)


def commit_changes(
    vs: VersionedStore,
    repo: str,
    branch: str,
    record: StagedRecord,
    *,
    message: str,
    author: str,
    allow_empty: bool = False,
    expected_head: str | None = None,
    extra: Extra | None = None,
) -> CommitInfo:
    """Commit one stored change set at once, leaving alone what is staged.

    *extra* is as in :func:`commit_staged`. With *expected_head*, nothing is committed unless that
    is the branch's head (``""``: it has none).

    Raises:
        NotFound, NothingStaged, PathConflict, Conflict, LostRace: as :func:`commit_staged`.
    """
    words = Words(author, message, Provenance(), new_id(), by_hand=True)

    needed = packs_of_change_set(vs, record)

    def attempt() -> CommitInfo | None:
        prepared = prepare_changes(
            vs, repo, branch, record, words, needed,
            allow_empty=allow_empty, expected_head=expected_head,
        )  # fmt: skip
        return land(vs, prepared, extra)

    with relying_on(vs, needed):
        return until_landed(vs, repo, branch, attempt)


def prepare_changes(
    vs: VersionedStore,
    repo: str,
    branch: str,
    record: StagedRecord,
    words: Words,
    needed: Collection[bytes],
    *,
    allow_empty: bool,
    expected_head: str | None = None,
) -> Prepared:
    """The commit of one stored change set, which needs these packs, ready to land.

    Raises:
        NotFound, NothingStaged, PathConflict, Conflict, LostRace: as :func:`commit_changes`.
    """
    base = _read_base(vs, repo, branch, with_staging=False)
    _check_head(base, repo, branch, expected_head)
    return _prepare(vs, base, branch, [record], words, allow_empty=allow_empty, looked_up=needed)


def _check_head(base: Base, repo: str, branch: str, expected: str | None) -> None:
    if expected is not None and (base.head or "") != expected:
        raise LostRace(
            f"branch {branch!r} of repo {repo!r} has moved on meanwhile",
            hint="take over what is new, and commit again",
        )


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
    words = Words(author, message, provenance, run_id)
    with vs.db.read() as conn:
        row = find_repo(conn, repo)
        _find_branch(conn, row, branch)
    base = Base(row, expected_head, tree, ())
    with commit_span([(repo, branch)]):
        landed = land(vs, Prepared(base, branch, tree, words, relies_on), extra)
    if landed is None:
        raise LostRace(f"branch {branch!r} of repo {repo!r} is not at {expected_head} any more")
    return landed


def _prepare(
    vs: VersionedStore,
    base: Base,
    branch: str,
    records: Sequence[StagedRecord],
    words: Words,
    *,
    allow_empty: bool,
    looked_up: Collection[bytes] = (),
) -> Prepared:
    streams = [read_change_set(one.location, one.digest, vs.nodes) for one in records]
    with fewer_collections(), vs.objects.session(vs.chunks) as session:
        changes, sink = merge_change_sets(streams), SessionSink(session)
        tree = apply_changes(base.tree, changes, vs.nodes, sink)
        if tree.digest == base.tree.digest and not allow_empty:
            raise NothingStaged(
                f"the changes leave branch {branch!r} of repo {base.repo.name!r} as it is",
                hint="commit all the same with --allow-empty",
            )
        written = packs_written(session.finish())
    vs.nodes.remember(sink.written)
    return Prepared(base, branch, tree, words, written, looked_up)


def _read_base(vs: VersionedStore, repo: str, branch: str, *, with_staging: bool) -> Base:
    with vs.db.read() as conn:
        row = find_repo(conn, repo)
        head = _find_branch(conn, row, branch)
        check_no_pipeline_writes(conn, repo)
        tree = None if head is None else rows.find_tree(conn, head)
        staged = staging.list_staged(conn, row.id, branch) if with_staging else []
    return Base(row, head, tree or EMPTY_TREE, staged)


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
