"""Queries by which engines take jobs, keep them, and move them from state to state."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    and_,
    case,
    func,
    or_,
    select,
    update,
)

from datavc.db import lineage_events, running_datums, s3_sessions, webhooks
from datavc.db.clock import now_us
from datavc.db.jobs import DatumCounts, JobInput, JobRow, find, has_landed, inputs_as_json
from datavc.db.lineage_switch import is_wanted
from datavc.db.news import announce
from datavc.db.tables import Job, JobDependency, Pipeline
from datavc.model.commit import TreeRef
from datavc.model.job import TRANSITIONS, JobState
from datavc.model.lineage_facts import JobMoment
from datavc.model.webhook import WebhookEvent

_OPEN = [state.value for state in JobState if not state.is_terminal]
_HELD = [state.value for state in (JobState.RUNNING, JobState.FINISHING, JobState.EGRESSING)]
#: How OpenLineage calls the ends of jobs; all others are aborted.
_ENDS = {JobState.SUCCESS: JobMoment.COMPLETE, JobState.FAILURE: JobMoment.FAIL}
#: What a job that was restarted knows of itself.
_AS_NEW: dict[str, object] = {
    "started_us": None,
    "finished_us": None,
    "reason": "",
    "datums_total": 0,
    "datums_processed": 0,
    "datums_skipped": 0,
    "datums_failed": 0,
    "datums_recovered": 0,
}


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What there is to write down of a job; ``None`` leaves a fact as it is."""

    inputs: Sequence[JobInput] | None = None
    output: str | None = None
    executor: str | None = None
    reason: str | None = None
    counts: DatumCounts | None = None
    meta: TreeRef | None = None


def claim(
    conn: Connection,
    owner: str,
    lease_s: float,
    *,
    but: Collection[str] = (),
    standing: bool = False,
    at_us: int | None = None,
) -> JobRow | None:
    """Take a job that is ready, and make it ``RUNNING``, or leave it ``EGRESSING``.

    Ready is a job that waits, or whose engine let its lease run out, when every job it depends
    on has landed or is over, and every earlier job of its pipeline is over. Of several the one
    whose pipeline has not been served for the longest time is taken, and then the oldest.

    Args:
        owner: who takes it; give the same to the functions below.
        lease_s: seconds until somebody else may take it over, unless :func:`heartbeat` comes.
        but: ids of jobs that are not to be taken.
        standing: take one that runs until something replaces it, rather than one that ends.
        at_us: the time to judge leases by; now, unless given.
    """
    time_us = now_us() if at_us is None else at_us
    job_id = conn.scalar(
        select(Job.c.id)
        .where(
            _is_free(time_us),
            Job.c.id.not_in(but),
            Job.c.standing.is_(standing),
            ~_upstream_is_open(),
            ~_earlier_is_open(),
        )
        .order_by(func.coalesce(_last_served(), 0), Job.c.created_us, Job.c.id)
        .limit(1)
        .with_for_update(of=Job, skip_locked=True)
    )
    if job_id is None:
        return None
    conn.execute(
        update(Job)
        .where(Job.c.id == job_id)
        .values(
            state=case(
                (Job.c.state == JobState.EGRESSING.value, JobState.EGRESSING.value),
                else_=JobState.RUNNING.value,
            ),
            owner=owner,
            lease_until_us=time_us + round(lease_s * 1_000_000),
            started_us=func.coalesce(Job.c.started_us, time_us),
            reason="",
        )
    )
    return find(conn, job_id)


def explain(conn: Connection, job_id: str, reason: str) -> bool:
    """Say why a job waits; ``False`` when it does not any more."""
    statement = (
        update(Job)
        .where(Job.c.id == job_id, Job.c.state == JobState.WAITING.value)
        .values(reason=reason)
    )
    return conn.execute(statement).rowcount == 1


def heartbeat(
    conn: Connection, job_id: str, owner: str, lease_s: float, *, at_us: int | None = None
) -> bool:
    """Renew the lease; ``False`` when the job is no longer *owner*'s, who must stop working."""
    time_us = now_us() if at_us is None else at_us
    statement = (
        update(Job)
        .where(Job.c.id == job_id, Job.c.owner == owner, Job.c.state.in_(_HELD))
        .values(lease_until_us=time_us + round(lease_s * 1_000_000))
    )
    return conn.execute(statement).rowcount == 1


def release(conn: Connection, job_id: str, owner: str) -> bool:
    """Let another engine take the job over at once; ``False`` when it is not *owner*'s."""
    statement = (
        update(Job)
        .where(Job.c.id == job_id, Job.c.owner == owner, Job.c.state.in_(_HELD))
        .values(owner=None, lease_until_us=0)
    )
    announce(conn)
    return conn.execute(statement).rowcount == 1


def record(conn: Connection, job_id: str, owner: str, facts: JobFacts) -> bool:
    """Write facts down without a change of state; ``False`` when the job is not *owner*'s."""
    values = _values(facts)
    # An update needs something to set; the owner stays who it is.
    values["owner"] = owner
    statement = (
        update(Job)
        .where(Job.c.id == job_id, Job.c.owner == owner, Job.c.state.in_(_HELD))
        .values(**values)
    )
    return conn.execute(statement).rowcount == 1


def transition(
    conn: Connection,
    job_id: str,
    owner: str | None,
    state: JobState,
    facts: JobFacts | None = None,
    *,
    at_us: int | None = None,
) -> bool:
    """Move a job to *state*, with whatever else there is to write down.

    A state that is terminal also sets when the job finished, and ends the lease; one that waits
    again is as it was before it began.

    Args:
        owner: only if it is this engine's; ``None`` for whoever's, to kill a job or to mark one
            unrunnable.
        at_us: the time of the move; now, unless given.

    Returns:
        ``False``, with nothing changed, when the job is somebody else's, or may not go from where
        it is to *state*.
    """
    sources = [source.value for source, targets in TRANSITIONS.items() if state in targets]
    values = _values(facts or JobFacts())
    values["state"] = state.value
    if state.is_terminal:
        values["finished_us"] = now_us() if at_us is None else at_us
        values["owner"] = None
        values["lease_until_us"] = 0
    elif state is JobState.WAITING:
        values |= _AS_NEW
    statement = update(Job).where(Job.c.id == job_id, Job.c.state.in_(sources)).values(**values)
    if owner is not None:
        statement = statement.where(Job.c.owner == owner)
    moved = conn.execute(statement).rowcount == 1
    if moved and state.is_terminal:
        running_datums.remove(conn, job_id)
        s3_sessions.remove_of_job(conn, job_id)
        _announce_end(conn, job_id)
    if moved and (state.is_terminal or state is JobState.WAITING):
        # Others may have waited for this one, and this one may be waited for by engines.
        announce(conn)
    return moved


def _announce_end(conn: Connection, job_id: str) -> None:
    row = Job.c
    columns = (row.id, row.version, row.run_id, row.state, row.reason, row.output)
    pipeline = Pipeline.c.name.label("pipeline")
    statement = select(pipeline, *columns, row.finished_us).join(
        Pipeline, Pipeline.c.id == row.pipeline_id
    )
    ended = conn.execute(statement.where(row.id == job_id)).mappings().one()
    payload = {name: ended[name] for name in ("pipeline", "version", "run_id", "state", "reason")}
    payload |= {"job": ended["id"], "output": ended["output"]}
    webhooks.enqueue(
        conn, WebhookEvent.JOB, ended["pipeline"], payload, time_us=ended["finished_us"]
    )
    if is_wanted():
        moment = _ENDS.get(JobState(ended["state"]), JobMoment.ABORT)
        lineage_events.add(conn, job_id, moment, time_us=ended["finished_us"])


def superseding(conn: Connection, job: JobRow) -> str | None:
    """The newest job of the same pipeline that came after *job* and has all it reads, or ``None``.

    One whose input is still being made does not count: it may fail, or be superseded itself.
    """
    if job.parameters:
        # What it makes, no other job does.
        return None
    before = Job.alias("before")
    lacks_input = (
        select(before.c.id)
        .join(JobDependency, JobDependency.c.upstream_id == before.c.id)
        .where(JobDependency.c.job_id == Job.c.id, ~has_landed(before))
        .exists()
    )
    return conn.scalar(
        select(Job.c.id)
        .where(
            Job.c.pipeline_id == job.pipeline_id,
            Job.c.sequence > job.sequence,
            Job.c.state == JobState.WAITING.value,
            Job.c.reproduces.is_(None),
            ~lacks_input,
        )
        .order_by(Job.c.sequence.desc())
        .limit(1)
    )


def _is_free(time_us: int) -> ColumnElement[bool]:
    return or_(
        Job.c.state == JobState.WAITING.value,
        and_(Job.c.state.in_(_HELD), Job.c.lease_until_us <= time_us),
    )


def _last_served() -> ScalarSelect[int | None]:
    """When the job before began: a long queue of one pipeline does not keep others waiting."""
    other = Job.alias("served")
    return (
        select(other.c.started_us)
        .where(other.c.pipeline_id == Job.c.pipeline_id, other.c.sequence == Job.c.sequence - 1)
        .scalar_subquery()
    )


def _upstream_is_open() -> ColumnElement[bool]:
    other = Job.alias("upstream")
    return (
        select(other.c.id)
        .join(JobDependency, JobDependency.c.upstream_id == other.c.id)
        .where(
            JobDependency.c.job_id == Job.c.id,
            other.c.state.in_(_OPEN),
            other.c.state != JobState.EGRESSING.value,
        )
        .exists()
    )


def _earlier_is_open() -> ColumnElement[bool]:
    other = Job.alias("earlier")
    return (
        select(other.c.id)
        .where(
            other.c.pipeline_id == Job.c.pipeline_id,
            other.c.sequence < Job.c.sequence,
            other.c.state.in_(_OPEN),
        )
        .exists()
    )


def _values(facts: JobFacts) -> dict[str, object]:
    values: dict[str, object] = {
        column: value
        for column, value in (
            ("output", facts.output),
            ("executor", facts.executor),
            ("reason", facts.reason),
        )
        if value is not None
    }
    if facts.inputs is not None:
        values["inputs"] = inputs_as_json(facts.inputs)
    if facts.counts is not None:
        values |= {
            "datums_total": facts.counts.total,
            "datums_processed": facts.counts.processed,
            "datums_skipped": facts.counts.skipped,
            "datums_failed": facts.counts.failed,
            "datums_recovered": facts.counts.recovered,
        }
    if facts.meta is not None:
        location = facts.meta.location
        values |= {
            "meta_digest": facts.meta.digest,
            "meta_pack": location.pack if location else None,
            "meta_offset": location.offset if location else None,
            "meta_length": location.length if location else None,
            "meta_files": facts.meta.files,
            "meta_bytes": facts.meta.bytes,
        }
    return values
