"""Bringing changes from elsewhere into a branch: merge, revert, cherry-pick."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from datavc.db import branches as branch_rows
from datavc.db import commits as rows
from datavc.db import webhooks
from datavc.db.clock import now_us
from datavc.errors import InvalidInput, LostRace, NothingStaged
from datavc.model.change_set import read_change_set
from datavc.model.commit import Commit, Provenance, TreeRef
from datavc.model.entry import Entry
from datavc.model.ids import new_id
from datavc.model.merge_decisions import NO_DECISIONS, Decisions
from datavc.model.merge_info import ConflictInfo, MergeInfo, MergeOutcome, conflict_info
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.merge import merge_trees
from datavc.model.webhook import WebhookEvent
from datavc.versioning.branches import announce_head, find_branch
from datavc.versioning.decider import Decider
from datavc.versioning.fewer_collections import fewer_collections
from datavc.versioning.landing import Base, Prepared, Words, land, until_landed
from datavc.versioning.merge_base import merge_base
from datavc.versioning.nodes import SessionSink
from datavc.versioning.relied_packs import packs_of_change_set, packs_written, relying_on
from datavc.versioning.repos import check_no_pipeline_writes, find_repo
from datavc.versioning.resolve import find_commit, resolve_kept_id
from datavc.versioning.versioned_store import VersionedStore


@dataclass(frozen=True, slots=True)
class Moved:
    """What a branch is about to come to."""

    outcome: MergeOutcome
    #: The branch's new head.
    commit: str
    conflicts: tuple[ConflictInfo, ...]
    run_id: str | None


#: Run in the transaction that moves the branch, where one does; if it raises, nothing is changed.
OnMove = Callable[[Connection, Moved], None]


@dataclass(frozen=True, slots=True)
class _Sides:
    """What a merge is made of."""

    base: Base
    #: Where the sides parted, and what is brought in.
    parted: TreeRef
    theirs: TreeRef
    words: Words


def merge(
    vs: VersionedStore,
    repo: str,
    source: str,
    branch: str,
    *,
    author: str,
    message: str = "",
    decisions: Decisions = NO_DECISIONS,
    fast_forward: bool = True,
    on_move: OnMove | None = None,
) -> MergeInfo:
    """Bring what *source* has changed since the two parted into a branch.

    Costs as much as what the two sides have changed. Paths that both changed, and that are not
    decided, stop it: nothing is changed, and they are told.

    Args:
        vs: where.
        repo: the repo.
        source: a ref in it.
        branch: the branch that is changed.
        author: who is written down.
        message: of the merge commit; one that names both sides by default.
        decisions: what becomes of paths that both changed.
        fast_forward: move the branch where it has nothing of its own, rather than commit.
        on_move: see :data:`OnMove`.

    Raises:
        NotFound: there is no such repo, branch or source.
        NotFound, InvalidInput: a path is decided that is not in conflict, or twice.
        Conflict: a pipeline writes the repo.
        LostRace: others were faster time and again.
    """

    resolving = _Resolving(vs, decisions, on_move)

    def attempt() -> MergeInfo | None:
        with vs.db.read() as conn:
            row = find_repo(conn, repo)
            check_no_pipeline_writes(conn, repo)
            head = find_branch(conn, row, branch).head
            theirs_id, theirs = find_commit(conn, row, source)
            parted_id = None if head is None else merge_base(conn, head, theirs_id)
            ours = None if head is None else rows.find(conn, head)
            parted = None if parted_id is None else rows.find(conn, parted_id)
        if head == parted_id or parted_id == theirs_id:
            # One side has nothing of its own.
            resolving.decider.check_all_used(())
        if ours is not None and head is not None and parted_id == theirs_id:
            return MergeInfo(MergeOutcome.UP_TO_DATE, rows.info_of(head, ours))
        if head == parted_id and fast_forward:
            return _fast_forward(
                vs, repo, branch, head, theirs_id, source=source, author=author, on_move=on_move
            )
        words = Words(
            author,
            message or f"merge {source} into {branch}",
            Provenance(),
            new_id(),
            merged=(theirs_id,),
            needs=_known(theirs_id, parted_id),
            reason=f"merge of {source}",
        )
        base = Base(row, head, _tree(ours), ())
        return _apply(vs, branch, _Sides(base, _tree(parted), theirs.tree, words), resolving)

    return resolving.until_landed(repo, branch, attempt)


def revert(
    vs: VersionedStore,
    repo: str,
    branch: str,
    ref: str,
    *,
    author: str,
    message: str = "",
    decisions: Decisions = NO_DECISIONS,
    mainline: int | None = None,
    on_move: OnMove | None = None,
) -> MergeInfo:
    """Take back on a branch what one commit has changed; what came after it stays.

    Args:
        vs: where.
        repo: the repo.
        branch: the branch that is changed.
        ref: the commit.
        author: who is written down.
        message: of the new commit; one that names the old one by default.
        decisions: what becomes of paths that were changed again since.
        mainline: which parent (1 = first) a merge commit is compared with.
        on_move: see :data:`OnMove`.

    Raises:
        InvalidInput: it is a merge commit and *mainline* is not given, or names no parent.
        NothingStaged: it is taken back already.
        NotFound, Conflict, LostRace: as :func:`merge`.
    """

    def sides(commit_id: str, commit: Commit, before: TreeRef, base: Base) -> _Sides:
        text = message or f"revert {commit_id[:12]}: {commit.message}".rstrip(": ")
        reason = f"revert of {ref}"
        words = Words(author, text, Provenance(), new_id(), reason=reason, by_hand=True)
        return _Sides(base, commit.tree, before, words)

    return _replay(vs, repo, branch, repo, ref, mainline, sides, decisions, on_move)


def cherry_pick(
    vs: VersionedStore,
    repo: str,
    branch: str,
    source_repo: str,
    ref: str,
    *,
    author: str,
    message: str = "",
    decisions: Decisions = NO_DECISIONS,
    mainline: int | None = None,
    on_move: OnMove | None = None,
) -> MergeInfo:
    """Do on a branch what one commit, of this or of another repo, has changed there.

    Args:
        vs: where.
        repo: the repo.
        branch: the branch that is changed.
        source_repo: the repo that the commit is in.
        ref: the commit.
        author: who is written down.
        message: of the new commit; that of the old one and its id by default.
        decisions: what becomes of paths that the branch has changed, too.
        mainline: which parent (1 = first) a merge commit is compared with.
        on_move: see :data:`OnMove`.

    Raises:
        InvalidInput, NothingStaged, NotFound, Conflict, LostRace: as :func:`revert`.
    """

    def sides(commit_id: str, commit: Commit, before: TreeRef, base: Base) -> _Sides:
        text = message or f"{commit.message}\n\ncherry-picked from {source_repo}@{commit_id}"
        reason = f"cherry-pick of {source_repo}@{ref}"
        words = Words(author, text.lstrip(), Provenance(), new_id(), reason=reason, by_hand=True)
        return _Sides(base, before, commit.tree, words)

    return _replay(vs, repo, branch, source_repo, ref, mainline, sides, decisions, on_move)


def _replay(
    vs: VersionedStore,
    repo: str,
    branch: str,
    source_repo: str,
    ref: str,
    mainline: int | None,
    sides: Callable[[str, Commit, TreeRef, Base], _Sides],
    decisions: Decisions,
    on_move: OnMove | None,
) -> MergeInfo:
    # Settled once: a ref such as main~1 must not mean another commit on the next try.
    with vs.db.read() as conn:
        commit_id, commit = find_commit(conn, find_repo(conn, source_repo), ref)
        parent = _parent_of(commit_id, commit, mainline)
        before = None if parent is None else rows.find(conn, parent)

    resolving = _Resolving(vs, decisions, on_move)

    def attempt() -> MergeInfo | None:
        with vs.db.read() as conn:
            row = find_repo(conn, repo)
            check_no_pipeline_writes(conn, repo)
            head = find_branch(conn, row, branch).head
            ours = None if head is None else rows.find(conn, head)
        made = sides(commit_id, commit, _tree(before), Base(row, head, _tree(ours), ()))
        made = replace(made, words=replace(made.words, needs=_known(commit_id, parent)))
        return _apply(vs, branch, made, resolving, must_change=True)

    return resolving.until_landed(repo, branch, attempt)


def _parent_of(commit_id: str, commit: Commit, mainline: int | None) -> str | None:
    count = len(commit.parents)
    if mainline is None and count < 2:
        return commit.parents[0] if count else None
    if mainline is None:
        raise InvalidInput(
            f"commit {commit_id[:12]} is a merge",
            hint="say which parent it is compared with: --mainline 1",
        )
    if not 1 <= mainline <= count:
        raise InvalidInput(f"commit {commit_id[:12]} has no parent number {mainline}")
    return commit.parents[mainline - 1]


class _Resolving:
    """How conflicts are decided, what that relies on, and what is done with the outcome."""

    def __init__(self, vs: VersionedStore, decisions: Decisions, on_move: OnMove | None) -> None:
        self._vs = vs
        self.on_move = on_move
        record = decisions.content
        contents: dict[str, Entry] = {}
        self.needed: set[bytes] = set()
        if record is not None:
            self.needed = packs_of_change_set(vs, record)
            changes = read_change_set(record.location, record.digest, vs.nodes)
            contents = {path: entry for path, entry in changes if entry is not None}
        self.decider = Decider(decisions, contents)

    def until_landed(
        self, repo: str, branch: str, attempt: Callable[[], MergeInfo | None]
    ) -> MergeInfo:
        with relying_on(self._vs, self.needed):
            return until_landed(self._vs, repo, branch, attempt)


def _apply(
    vs: VersionedStore,
    branch: str,
    sides: _Sides,
    resolving: _Resolving,
    *,
    must_change: bool = False,
) -> MergeInfo | None:
    ours = sides.base.tree
    decider = resolving.decider
    decider.begin()
    with fewer_collections(), vs.objects.session(vs.chunks) as session:
        sink = SessionSink(session)
        merged = merge_trees(sides.parted, ours, sides.theirs, vs.nodes, sink, decide=decider)
        decider.check_all_used([clash for clash, _ in merged.conflicts])
        conflicts = tuple(conflict_info(*conflict) for conflict in merged.conflicts)
        if any(conflict.decided is None for conflict in conflicts):
            return MergeInfo(MergeOutcome.CONFLICT, None, conflicts)
        if must_change and merged.tree.digest == ours.digest:
            raise NothingStaged(
                f"branch {branch!r} of repo {sides.base.repo.name!r} holds that already",
                hint="there is nothing to do",
            )
        written = packs_written(session.finish())
    prepared = Prepared(sides.base, branch, merged.tree, sides.words, written, resolving.needed)

    def on_landing(conn: Connection, commit_id: str) -> None:
        if resolving.on_move is not None:
            run_id = sides.words.run_id
            resolving.on_move(conn, Moved(MergeOutcome.MERGED, commit_id, conflicts, run_id))

    landed = land(vs, prepared, on_landing)
    if landed is None:
        return None
    return MergeInfo(MergeOutcome.MERGED, landed, conflicts, landed.run_id)


def _fast_forward(
    vs: VersionedStore,
    repo: str,
    branch: str,
    head: str | None,
    target: str,
    *,
    source: str,
    author: str,
    on_move: OnMove | None,
) -> MergeInfo | None:
    with vs.db.write() as conn:
        row = find_repo(conn, repo)
        resolve_kept_id(conn, row, target)
        moved = branch_rows.move(
            conn,
            row.id,
            branch,
            head,
            target,
            author=author,
            reason=f"merge of {source}: fast-forward",
            time_us=now_us(),
        )
        if not moved:
            return None
        run_id = announce_head(conn, repo, branch, target)
        told = {"repo": repo, "branch": branch, "commit": target, "run_id": run_id}
        told |= {"author": author, "message": f"merge of {source}: fast-forward"}
        webhooks.enqueue(conn, WebhookEvent.MERGE, repo, told, time_us=now_us())
        found = rows.find(conn, target)
        if on_move is not None:
            on_move(conn, Moved(MergeOutcome.FAST_FORWARD, target, (), run_id))
    if found is None:
        raise LostRace(f"commit {target} of repo {repo!r} is gone")
    return MergeInfo(MergeOutcome.FAST_FORWARD, rows.info_of(target, found), (), run_id)


def _known(*commits: str | None) -> tuple[str, ...]:
    return tuple(commit for commit in commits if commit is not None)


def _tree(commit: Commit | None) -> TreeRef:
    return EMPTY_TREE if commit is None else commit.tree
