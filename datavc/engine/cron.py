"""Cron inputs: their repos, and their ticks, each of which is committed exactly once.

A tick is a commit of an empty file that is named after its time. The commit and the time of the
next tick are written by one transaction, the latter by compare-and-swap: of any number of engines
that see a tick due, one commits it. Ticks that nobody was there for are made up for by one.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby

from sqlalchemy import Connection

from datavc.access import pipeline_account
from datavc.db import branches, commits, cron_inputs, pipelines, repos
from datavc.db.clock import now_us
from datavc.db.cron_inputs import CronRow
from datavc.errors import AccessDenied, Conflict, InvalidInput, LostRace, NotFound
from datavc.model.account import account_of_pipeline
from datavc.model.change_set import ChangeSetWriter, StagedRecord
from datavc.model.commit import Provenance
from datavc.model.commit_info import CommitInfo
from datavc.model.ids import new_id
from datavc.model.pipeline import PipelineSpec, parse_pipeline_spec
from datavc.model.pipeline_input import CronTicks, PfsInput
from datavc.model.pipeline_input import cron_inputs as cron_leaves
from datavc.model.role import Action, Grant, Role
from datavc.model.tree.scan import scan
from datavc.store.content import ContentWriter
from datavc.versioning.branches import find_branch
from datavc.versioning.landing import Words
from datavc.versioning.nodes import SessionSink
from datavc.versioning.repos import add_repo, check_no_pipeline_writes
from datavc.versioning.transactions import commit_changes_together
from datavc.versioning.versioned_store import VersionedStore

_log = logging.getLogger("datavc.engine")

#: A cron input, and the time of its tick.
_Moment = tuple[PfsInput, CronTicks, int]
#: No tick is due then, in microseconds since the epoch.
_NEVER = 2**62


def make_tick_repos(conn: Connection, spec: PipelineSpec, author: str) -> set[str]:
    """Make the repos of a spec's cron inputs that are not there yet; their names.

    Raises:
        Conflict: one of them is another pipeline's output.
        NotFound: one of them has no branch ``main``.
    """
    made: set[str] = set()
    for repo, (leaf, _) in cron_leaves(spec.input).items():
        row = repos.find(conn, repo)
        if row is None:
            add_repo(conn, repo, author=author, description=f"Ticks of {spec.name}: {leaf.name}")
            made.add(repo)
            continue
        check_no_pipeline_writes(conn, repo)
        find_branch(conn, row, leaf.branch)
    return made


def plan_ticks(
    conn: Connection,
    pipeline_id: int,
    spec: PipelineSpec,
    before: PipelineSpec | None,
    made: set[str],
) -> None:
    """Write down when a new version's cron inputs tick; a schedule that has not changed goes on.

    Args:
        conn: a connection that may write.
        pipeline_id: the pipeline.
        spec: the new version.
        before: the version before.
        made: the repos that were made for it just now.
    """
    known = {row.repo: row for row in cron_inputs.list_of(conn, pipeline_id)}
    old = {} if before is None else cron_leaves(before.input)
    now = now_us()
    rows = []
    for repo, (_, ticks) in cron_leaves(spec.input).items():
        row = known.get(repo)
        if row is not None and repo in old and _is_same(old[repo][1], ticks):
            rows.append(row)
            continue
        first = _next(ticks, now if ticks.start_us is None else ticks.start_us)
        made_repo = repo in made or (row is not None and row.made_repo)
        rows.append(CronRow(pipeline_id, repo, first, made_repo))
    cron_inputs.replace_all(conn, pipeline_id, rows)


def tick_repos_made(conn: Connection, pipeline_id: int) -> list[str]:
    """The repos that were made for a pipeline's cron inputs."""
    return [row.repo for row in cron_inputs.list_of(conn, pipeline_id) if row.made_repo]


def tick_what_is_due(vs: VersionedStore, time_us: int | None = None) -> list[CommitInfo]:
    """Commit the ticks that are due, those of one pipeline together; what this call committed.

    Args:
        vs: where.
        time_us: the time to go by; now, unless given.
    """
    time_us = now_us() if time_us is None else time_us
    with vs.db.read() as conn:
        due = cron_inputs.due(conn, time_us)
    landed: list[CommitInfo] = []
    for name, group in groupby(due, key=lambda item: item[0]):
        try:
            landed += _tick_due(vs, name, [row for _, row in group], time_us)
        except (LostRace, NotFound):
            # Another engine was faster, or the pipeline was changed or deleted meanwhile.
            continue
    return landed


def tick_now(vs: VersionedStore, pipeline: str, author: str) -> list[CommitInfo]:
    """Commit a tick of all cron inputs of a pipeline at once, whatever their schedules; its run.

    Raises:
        NotFound: there is no such pipeline.
        InvalidInput: it has no cron input.
        Conflict: it is stopped.
        AccessDenied: its account may not write there any more.
    """
    with vs.db.read() as conn:
        row = pipelines.find(conn, pipeline)
    if row is None:
        raise NotFound(f"pipeline {pipeline!r} does not exist", hint="see `datavc pipeline list`")
    leaves = cron_leaves(parse_pipeline_spec(row.spec).input)
    if not leaves:
        raise InvalidInput(
            f"pipeline {pipeline!r} has no cron input", hint="commit to a repo that it reads"
        )
    if row.state != "running":
        raise Conflict(f"pipeline {pipeline!r} is stopped", hint="start it first")
    time_us = now_us()
    moments = [(leaf, ticks, time_us) for leaf, ticks in leaves.values()]
    _check_may_tick(vs, pipeline, moments)
    words = Words(author, f"tick of pipeline {pipeline}, by hand", Provenance(), new_id())
    return _commit(vs, pipeline, moments, words, ())


def _tick_due(
    vs: VersionedStore, pipeline: str, rows: Sequence[CronRow], time_us: int
) -> list[CommitInfo]:
    with vs.db.read() as conn:
        found = pipelines.find(conn, pipeline)
    leaves = {} if found is None else cron_leaves(parse_pipeline_spec(found.spec).input)
    moments: list[_Moment] = []
    moves: list[tuple[CronRow, int]] = []
    for row in rows:
        if row.repo in leaves:
            leaf, ticks = leaves[row.repo]
            moment = ticks.schedule.last_due(row.next_us, time_us)
            moments.append((leaf, ticks, moment))
            moves.append((row, _next(ticks, moment)))
    if not moments:
        return []
    try:
        _check_may_tick(vs, pipeline, moments)
    except AccessDenied as error:
        _skip(vs, pipeline, moves, error)
        return []
    words = Words(
        account_of_pipeline(pipeline), f"tick of pipeline {pipeline}", Provenance(), new_id()
    )
    return _commit(vs, pipeline, moments, words, moves)


def _check_may_tick(vs: VersionedStore, pipeline: str, moments: Sequence[_Moment]) -> None:
    """Make sure that a pipeline's account may write its ticks.

    Raises:
        AccessDenied: it may not.
    """
    with vs.db.read() as conn:
        caller = pipeline_account.caller_of(conn, pipeline)
    for leaf, _, _ in moments:
        needed = Grant(Role.WRITER, leaf.repo, leaf.branch)
        pipeline_account.require(caller, Action.WRITE, needed)


def _skip(
    vs: VersionedStore,
    pipeline: str,
    moves: Sequence[tuple[CronRow, int]],
    refusal: AccessDenied,
) -> None:
    """Leave out ticks that the pipeline may not make, so that the next ones have their time."""
    with vs.db.write() as conn:
        _move_on(conn, moves)
        pipeline_account.write_down(conn, pipeline, "tick", refusal.repo, refusal.branch, refusal)
    _log.warning("a tick of pipeline %s is left out: %s", pipeline, refusal.message)


def _move_on(conn: Connection, moves: Sequence[tuple[CronRow, int]]) -> None:
    for row, next_us in moves:
        if not cron_inputs.move_on(conn, row, next_us):
            raise LostRace(f"another engine made the tick in {row.repo!r}")


def _commit(
    vs: VersionedStore,
    pipeline: str,
    moments: Sequence[_Moment],
    words: Words,
    moves: Sequence[tuple[CronRow, int]],
) -> list[CommitInfo]:
    changes = {
        (leaf.repo, leaf.branch): _changes(vs, leaf, ticks, moment)
        for leaf, ticks, moment in moments
    }

    def take(conn: Connection, _commits: Sequence[str]) -> None:
        _move_on(conn, moves)
        if moves:
            for repo, branch in changes:
                pipeline_account.write_down(conn, pipeline, "tick", repo, branch)

    return commit_changes_together(vs, changes, words, take)


def _changes(vs: VersionedStore, leaf: PfsInput, ticks: CronTicks, moment: int) -> StagedRecord:
    """The change set of a tick: its file, and the end of those before where it overwrites."""
    name = f"{datetime.fromtimestamp(moment // 1_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"
    paths = {name, *(_paths(vs, leaf.repo, leaf.branch) if ticks.overwrite else ())}
    with vs.objects.session(vs.chunks) as session:
        (empty,) = ContentWriter(session, vs.chunks).write_small([b""])
        writer = ChangeSetWriter(SessionSink(session))
        for path in sorted(paths):
            writer.add(path, empty if path == name else None)
        record = writer.finish()
        session.finish()
    return record


def _paths(vs: VersionedStore, repo: str, branch: str) -> list[str]:
    with vs.db.read() as conn:
        found = branches.find(conn, repos.get(conn, repo).id, branch)
        commit = None if found is None or found.head is None else commits.find(conn, found.head)
    return [] if commit is None else [path for path, _ in scan(commit.tree, vs.nodes)]


def _is_same(one: CronTicks, other: CronTicks) -> bool:
    return (one.schedule, one.start_us) == (other.schedule, other.start_us)


def _next(ticks: CronTicks, time_us: int) -> int:
    found = ticks.schedule.next_after(time_us)
    return _NEVER if found is None else found
