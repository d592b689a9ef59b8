"""Landing a commit: one SQL transaction, and turns for those who commit to one branch."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakValueDictionary

from sqlalchemy import Connection

from datavc.db import branches, outbox, packs, retention, staging, webhooks
from datavc.db import commits as rows
from datavc.db.clock import now_us
from datavc.db.repos import RepoRow
from datavc.db.staging import StagedRow
from datavc.errors import Collected, Expired, LostRace
from datavc.model.commit import Commit, Provenance, TreeRef
from datavc.model.commit_info import CommitInfo
from datavc.model.webhook import WebhookEvent
from datavc.tracing import spans
from datavc.tracing.spans import Span, Value
from datavc.versioning.protections import check_may_commit
from datavc.versioning.versioned_store import VersionedStore

#: How often a commit is tried again on top of a head that has moved meanwhile.
_TRIES = 40
#: Seconds; a loser waits for a random part of this, growing with every try.
_PAUSE = 0.02

Landed = TypeVar("Landed")

#: Run in the commit's transaction with the commit's id.
Extra = Callable[[Connection, str], None]


@dataclass(frozen=True, slots=True)
class Base:
    """What a commit is built on."""

    repo: RepoRow
    head: str | None
    tree: TreeRef
    #: Staged change sets that the commit takes up.
    staged: Sequence[StagedRow]


@dataclass(frozen=True, slots=True)
class Words:
    """What a commit says of itself."""

    author: str
    message: str
    provenance: Provenance
    run_id: str
    #: Parents behind the branch's head.
    merged: tuple[str, ...] = ()
    #: Commits of whose content the tree is made, beside the head's.
    needs: tuple[str, ...] = ()
    #: For the ref log.
    reason: str = "commit"
    #: Whether somebody makes the commit by hand, which protected branches do not allow.
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """A commit that is ready to land."""

    base: Base
    branch: str
    #: The new content.
    tree: TreeRef
    words: Words
    #: Packs that were written for it.
    relies_on: Collection[bytes]
    #: Packs that nothing referred to before, but for the index: they must not have been rewritten.
    looked_up: Collection[bytes] = ()


def until_landed(
    vs: VersionedStore, repo: str, branch: str, attempt: Callable[[], Landed | None]
) -> Landed:
    """Try until the compare-and-swap wins.

    Threads and processes take turns, which they would otherwise lose to each other.
    """
    return until_all_landed(vs, [(repo, branch)], attempt)


def until_all_landed(
    vs: VersionedStore, targets: Sequence[tuple[str, str]], attempt: Callable[[], Landed | None]
) -> Landed:
    """As :func:`until_landed`, for an attempt that moves several branches, given in order."""
    with commit_span(targets), ExitStack() as stack:
        for repo, branch in targets:
            stack.enter_context(_turn(repo, branch))
        for repo, branch in targets:
            stack.enter_context(vs.db.turns.take(f"{repo}@{branch}"))
        for number in range(1, _TRIES + 1):
            try:
                landed = attempt()
            except _InputGone:
                raise
            except Collected:
                # What the attempt itself wrote: the next one writes it anew.
                if number == _TRIES:
                    raise
                continue
            if landed is not None:
                return landed
            time.sleep(random.uniform(0, _PAUSE * number))  # noqa: S311 - spreads retries out
    names = " or ".join(f"{branch!r} of repo {repo!r}" for repo, branch in targets)
    raise LostRace(
        f"branch {names} moved {_TRIES} times while this commit was made",
        hint="nothing is lost: what was staged is still staged; commit again",
    )


def commit_span(targets: Sequence[tuple[str, str]]) -> AbstractContextManager[Span]:
    """The span of commits to these branches."""
    repos, names = [repo for repo, _ in targets], [branch for _, branch in targets]
    return spans.span("commit", {"datavc.repo": _one(repos), "datavc.branch": _one(names)})


def _one(names: Sequence[str]) -> Value:
    """What an attribute says of a commit; where several land together, of all of them."""
    return names[0] if len(names) == 1 else names


def land(vs: VersionedStore, prepared: Prepared, extra: Extra | None) -> CommitInfo | None:
    """The SQL transaction; ``None`` when the head or the staging is not the base's any more.

    Args:
        vs: where.
        prepared: the commit.
        extra: run in the same transaction.
    """

    def extra_of_all(conn: Connection, commits: Sequence[str]) -> None:
        if extra is not None:
            extra(conn, commits[0])

    landed = land_all(vs, [prepared], extra_of_all)
    return None if landed is None else landed[0]


def land_all(
    vs: VersionedStore,
    prepared: Sequence[Prepared],
    extra: Callable[[Connection, Sequence[str]], None] | None,
) -> list[CommitInfo] | None:
    """Land several commits by one transaction, or none of them; see :func:`land`."""
    now = now_us()
    made = [(one, _commit(one, now)) for one in prepared]
    try:
        with vs.db.write() as conn:
            packs.check_known(conn, set().union(*(one.relies_on for one in prepared)))
            _check_looked_up(conn, set().union(*(one.looked_up for one in prepared)))
            for one, commit in made:
                _land(conn, one, commit)
            if extra is not None:
                extra(conn, [commit.id for _, commit in made])
    except _Moved:
        return None
    span = spans.current()
    span.note("datavc.commit", _one([commit.id for _, commit in made]))
    span.note("datavc.run", made[0][1].run_id)
    return [rows.info_of(commit.id, commit) for _, commit in made]


def _commit(prepared: Prepared, now: int) -> Commit:
    base, words = prepared.base, prepared.words
    return Commit(
        repo=base.repo.name,
        tree=prepared.tree,
        parents=(*(() if base.head is None else (base.head,)), *words.merged),
        author=words.author,
        message=words.message,
        time_us=now,
        provenance=words.provenance,
        run_id=words.run_id,
    )


def _land(conn: Connection, prepared: Prepared, commit: Commit) -> None:
    base, branch, words = prepared.base, prepared.branch, prepared.words
    taken = [one.change.id for one in base.staged]
    _check_kept(conn, words)
    if words.by_hand:
        check_may_commit(conn, base.repo.id, branch)
    rows.create(conn, base.repo.id, commit)
    moved = branches.move(
        conn,
        base.repo.id,
        branch,
        base.head,
        commit.id,
        author=words.author,
        reason=words.reason,
        time_us=commit.time_us,
    )
    if not moved or staging.remove(conn, taken) != len(taken):
        raise _Moved
    payload = {
        "repo": base.repo.name,
        "branch": branch,
        "commit": commit.id,
        "run_id": words.run_id,
    }
    outbox.add(conn, outbox.COMMIT_LANDED, payload, time_us=commit.time_us)
    event = WebhookEvent.MERGE if words.merged else WebhookEvent.COMMIT
    said = {"author": words.author, "message": words.message}
    webhooks.enqueue(conn, event, base.repo.name, payload | said, time_us=commit.time_us)


def _check_kept(conn: Connection, words: Words) -> None:
    if words.needs:
        retention.announce_ref_move(conn)
    for commit in words.needs:
        if retention.is_expired(conn, commit):
            raise Expired(f"the content of commit {commit[:12]} was given up meanwhile")


def _check_looked_up(conn: Connection, looked_up: Collection[bytes]) -> None:
    try:
        packs.check_unmoved(conn, looked_up)
    except Collected as error:
        raise _InputGone(error.message, hint=error.hint) from None


class _InputGone(Collected):
    """What the caller stored was taken for garbage before it landed: another attempt is no use."""


class _Moved(Exception):
    """The head or the staging is not what the commit was built on."""


class _Turns:
    """One lock for each branch that somebody commits to, for as long as somebody does."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: WeakValueDictionary[tuple[str, str], threading.Lock] = WeakValueDictionary()

    def __call__(self, repo: str, branch: str) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault((repo, branch), threading.Lock())


_turn = _Turns()
