"""Queries on what is to be told of jobs by OpenLineage, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from datavc.db import commits, jobs, pipelines
from datavc.db.clock import now_us
from datavc.db.jobs import JobInput
from datavc.db.pipelines import PipelineRow
from datavc.db.tables import LineageEvent
from datavc.model.commit import Commit
from datavc.model.lineage_facts import DatasetFacts, JobMoment, LineageFacts
from datavc.model.pipeline import parse_pipeline_spec


@dataclass(frozen=True, slots=True)
class DueEvent:
    """Something that is to be told now."""

    id: int
    facts: LineageFacts
    #: How often that was tried before.
    attempts: int


def add(
    conn: Connection,
    job_id: str,
    moment: JobMoment,
    *,
    time_us: int,
    inputs: Sequence[JobInput] | None = None,
) -> None:
    """Have a moment of a job told, once the caller's transaction is visible.

    Args:
        conn: a connection that may write.
        job_id: the job; nothing is told of one that is gone.
        moment: which one.
        time_us: when that was.
        inputs: what it reads, where that is known better than from the job itself.
    """
    job = jobs.find(conn, job_id)
    pipeline = None if job is None else pipelines.find_by_id(conn, job.pipeline_id, job.version)
    if job is None or pipeline is None:
        return
    read = job.inputs if inputs is None else inputs
    wanted = {source.commit for source in read} | {job.output}
    found = commits.get_many(conn, [commit for commit in wanted if commit is not None])
    transform = parse_pipeline_spec(pipeline.spec).transform
    facts = LineageFacts(
        moment=moment,
        time_us=time_us,
        job=job.id,
        run=job.run_id,
        pipeline=job.pipeline,
        version=job.version,
        standing=job.standing,
        inputs=tuple(_dataset(source.repo, source.branch, source.commit, found) for source in read),
        output=_output(pipeline, job.output, found),
        image=transform.image,
        image_digest=pipeline.image_digest,
        cmd=transform.cmd,
        stdin=transform.stdin,
        created_us=job.created_us,
        reason=job.reason,
    )
    row = {"facts": asdict(facts), "attempts": 0, "created_us": time_us, "next_us": 0}
    conn.execute(insert(LineageEvent).values(**row))


def has_due(conn: Connection) -> bool:
    """Whether the oldest event is due; those behind it wait for it."""
    oldest = select(LineageEvent.c.next_us).order_by(LineageEvent.c.id).limit(1)
    due = conn.scalar(oldest)
    return due is not None and due <= now_us()


def claim(conn: Connection, lease_s: float, *, limit: int) -> list[DueEvent]:
    """Take the oldest events, unless the first of them is not due; others leave them alone then.

    Args:
        conn: a connection that may write.
        lease_s: seconds after which others take what was not told by then.
        limit: at most so many.
    """
    row, now = LineageEvent.c, now_us()
    statement = select(row.id, row.facts, row.attempts, row.next_us).order_by(row.id).limit(limit)
    rows = conn.execute(statement.with_for_update()).all()
    if not rows or rows[0].next_us > now:
        return []
    taken = [each.id for each in rows]
    leased = now + round(lease_s * 1e6)
    conn.execute(update(LineageEvent).where(row.id.in_(taken)).values(next_us=leased))
    return [
        DueEvent(id, msgspec.convert(facts, LineageFacts), tries) for id, facts, tries, _ in rows
    ]


def remove(conn: Connection, ids: Sequence[int]) -> None:
    """Forget events that were told."""
    conn.execute(delete(LineageEvent).where(LineageEvent.c.id.in_(ids)))


def remove_older(conn: Connection, created_us: int) -> int:
    """Give up on events from before a time; how many there were."""
    return conn.execute(delete(LineageEvent).where(LineageEvent.c.created_us < created_us)).rowcount


def give_back(conn: Connection, ids: Sequence[int], *, pause_s: float) -> None:
    """Let events be tried again after a pause, which the first one, that failed, counts."""
    row, due = LineageEvent.c, now_us() + round(pause_s * 1e6)
    conn.execute(update(LineageEvent).where(row.id.in_(ids)).values(next_us=due))
    first = update(LineageEvent).where(row.id == min(ids))
    conn.execute(first.values(attempts=row.attempts + 1))


def _output(pipeline: PipelineRow, commit: str | None, found: dict[str, Commit]) -> DatasetFacts:
    return _dataset(pipeline.output_repo, pipeline.output_branch, commit, found)


def _dataset(repo: str, branch: str, commit: str | None, found: dict[str, Commit]) -> DatasetFacts:
    known = None if commit is None else found.get(commit)
    if known is None:
        return DatasetFacts(repo, branch, commit)
    return DatasetFacts(repo, branch, commit, known.tree.files, known.tree.bytes)
