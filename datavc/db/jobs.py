"""Queries on jobs: making, finding and listing them. Who works on one: ``job_claims``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    insert,
    or_,
    select,
    update,
)

from datavc.db.news import announce
from datavc.db.tables import Job, JobDependency, Pipeline
from datavc.errors import NotFound
from datavc.model.commit import TreeRef
from datavc.model.entry import Location
from datavc.model.job import JobInfo, JobState
from datavc.model.reproduction import ReproductionOrder
from datavc.tracing import spans


@dataclass(frozen=True, slots=True)
class JobInput:
    """One input of a job; ``commit`` is ``None`` while an upstream job is still to make it."""

    name: str
    repo: str
    branch: str
    commit: str | None


@dataclass(frozen=True, slots=True)
class DatumCounts:
    """How many datums a job has, and what has become of them."""

    total: int = 0
    processed: int = 0
    skipped: int = 0
    failed: int = 0
    recovered: int = 0


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as it is kept."""

    id: str
    pipeline_id: int
    pipeline: str
    version: int
    #: Place in the pipeline's queue: 1, 2, ...
    sequence: int
    run_id: str
    state: JobState
    inputs: tuple[JobInput, ...]
    #: The output commit, or ``None``.
    output: str | None
    executor: str | None
    #: Why it failed; ``""`` when there is nothing to say.
    reason: str
    counts: DatumCounts
    created_us: int
    started_us: int | None
    finished_us: int | None
    #: The engine that works on it, and until when nobody may take over (0 for nobody).
    owner: str | None
    lease_until_us: int
    #: The meta tree: datum key -> output change set of each datum of the job.
    meta: TreeRef | None
    #: What it makes once more; ``None`` for a job that makes an output of its own.
    reproduces: ReproductionOrder | None = None
    #: Whether it runs until something replaces it.
    standing: bool = False
    #: Variables of the transform that have other values than the spec says.
    parameters: Mapping[str, str] = field(default_factory=dict)
    #: The ``traceparent`` of what it was made on account of, if that belongs to a trace.
    trace: str | None = None

    @property
    def has_landed(self) -> bool:
        """Whether its output is committed, or is known to be as it was, however its egress went."""
        return self.state is JobState.SUCCESS or self.meta is not None

    @property
    def info(self) -> JobInfo:
        """The job as people see it."""
        return JobInfo(
            id=self.id,
            pipeline=self.pipeline,
            version=self.version,
            run_id=self.run_id,
            state=self.state,
            inputs=tuple(
                f"{source.repo}@{source.commit or source.branch}" for source in self.inputs
            ),
            output=self.output,
            executor=self.executor,
            datums_total=self.counts.total,
            datums_processed=self.counts.processed,
            datums_skipped=self.counts.skipped,
            datums_failed=self.counts.failed,
            created_us=self.created_us,
            started_us=self.started_us,
            finished_us=self.finished_us,
            reason=self.reason,
            datums_recovered=self.counts.recovered,
            reproduces=None if self.reproduces is None else self.reproduces.address,
            standing=self.standing,
            parameters=dict(self.parameters),
        )


def create(
    conn: Connection,
    job_id: str,
    *,
    pipeline_id: int,
    version: int,
    run_id: str,
    inputs: Sequence[JobInput],
    upstream: Sequence[str] = (),
    reproduces: ReproductionOrder | None = None,
    standing: bool = False,
    parameters: Mapping[str, str] | None = None,
    time_us: int,
) -> int:
    """Add a waiting job at the end of its pipeline's queue; gives its place there.

    Args:
        job_id: from :func:`datavc.model.ids.new_id`.
        inputs: in the order of the spec.
        upstream: ids of the jobs that must be over before this one starts.
        reproduces: the commit that it makes once more, if any.
        standing: whether it runs until something replaces it.
        parameters: variables of the transform that have other values than the spec says.

    Raises:
        NotFound: the pipeline is gone.
    """
    # Locks the pipeline's row, so places are given out, and become visible, one after another.
    next_place = (
        update(Pipeline)
        .where(Pipeline.c.id == pipeline_id)
        .values(job_count=Pipeline.c.job_count + 1)
        .returning(Pipeline.c.job_count)
    )
    sequence = conn.execute(next_place).scalar()
    if sequence is None:
        raise NotFound("the pipeline of this job is gone")
    conn.execute(
        insert(Job).values(
            id=job_id,
            pipeline_id=pipeline_id,
            version=version,
            sequence=sequence,
            run_id=run_id,
            state=JobState.WAITING.value,
            inputs=inputs_as_json(inputs),
            reproduces=None if reproduces is None else asdict(reproduces),
            standing=standing,
            parameters=dict(parameters or {}),
            trace=spans.traceparent(),
            reason="",
            datums_total=0,
            datums_processed=0,
            datums_skipped=0,
            datums_failed=0,
            datums_recovered=0,
            created_us=time_us,
            lease_until_us=0,
            meta_files=0,
            meta_bytes=0,
        )
    )
    edges = [{"job_id": job_id, "upstream_id": other} for other in dict.fromkeys(upstream)]
    if edges:
        conn.execute(insert(JobDependency), edges)
    announce(conn)
    return sequence


def set_version(conn: Connection, job_ids: Sequence[str], version: int) -> None:
    """Let jobs that have not begun run another version of their pipeline."""
    waiting = (Job.c.id.in_(job_ids), Job.c.state == JobState.WAITING.value)
    conn.execute(update(Job).where(*waiting).values(version=version))


def find(conn: Connection, job_id: str) -> JobRow | None:
    """The job with this full id, or ``None``."""
    row = conn.execute(select_jobs().where(Job.c.id == job_id)).first()
    return None if row is None else job_of(row)


def by_prefix(conn: Connection, prefix: str, *, limit: int = 10) -> list[str]:
    """Job ids that start with *prefix* (lower-case hex), in order."""
    # "g" sorts after every hex digit.
    statement = select(Job.c.id).where(Job.c.id >= prefix, Job.c.id < prefix + "g")
    return list(conn.scalars(statement.order_by(Job.c.id).limit(limit)))


def list_jobs(
    conn: Connection,
    *,
    pipeline_id: int | None = None,
    run_id: str | None = None,
    states: Collection[JobState] | None = None,
    limit: int = 100,
    before: str | None = None,
    reproducing: bool = True,
) -> list[JobRow]:
    """Jobs, the newest first.

    Args:
        pipeline_id: only of this pipeline.
        run_id: only of this run.
        states: only in one of these states.
        limit: at most so many.
        before: only jobs older than this one: the last of the page before.
        reproducing: whether those count that only make once more what was made before.
    """
    statement = select_jobs()
    if not reproducing:
        statement = statement.where(Job.c.reproduces.is_(None))
    if pipeline_id is not None:
        statement = statement.where(Job.c.pipeline_id == pipeline_id)
    if run_id is not None:
        statement = statement.where(Job.c.run_id == run_id)
    if states is not None:
        statement = statement.where(Job.c.state.in_([state.value for state in states]))
    if before is not None:
        statement = statement.where(Job.c.id < before)
    rows = conn.execute(statement.order_by(Job.c.id.desc()).limit(limit))
    return [job_of(row) for row in rows]


def made_after(conn: Connection, pipeline_id: int, sequence: int, *, limit: int) -> list[JobRow]:
    """Jobs of a pipeline whose place in its queue is behind *sequence*, in their order."""
    statement = select_jobs().where(Job.c.pipeline_id == pipeline_id, Job.c.sequence > sequence)
    rows = conn.execute(statement.order_by(Job.c.sequence).limit(limit))
    return [job_of(row) for row in rows]


def run_ids_by_prefix(conn: Connection, prefix: str, *, limit: int = 10) -> list[str]:
    """Ids of runs with jobs that start with *prefix* (lower-case hex), in order."""
    statement = (
        select(Job.c.run_id).distinct().where(Job.c.run_id >= prefix, Job.c.run_id < prefix + "g")
    )
    return list(conn.scalars(statement.order_by(Job.c.run_id).limit(limit)))


def upstream(conn: Connection, job_id: str) -> list[JobRow]:
    """The jobs that this one waits for directly."""
    statement = (
        select_jobs()
        .join(JobDependency, JobDependency.c.upstream_id == Job.c.id)
        .where(JobDependency.c.job_id == job_id)
        .order_by(Job.c.id)
    )
    return [job_of(row) for row in conn.execute(statement)]


def downstream(conn: Connection, job_id: str) -> list[JobRow]:
    """The jobs that wait for this one, directly or through others."""
    reached = (
        select(JobDependency.c.job_id)
        .where(JobDependency.c.upstream_id == job_id)
        .cte("reached", recursive=True)
    )
    reached = reached.union(
        select(JobDependency.c.job_id).join(
            reached, JobDependency.c.upstream_id == reached.c.job_id
        )
    )
    statement = select_jobs().join(reached, reached.c.job_id == Job.c.id).order_by(Job.c.id)
    return [job_of(row) for row in conn.execute(statement)]


def by_output(conn: Connection, run_id: str, commit_id: str) -> JobRow | None:
    """The job of a run that made a commit, or ``None``."""
    statement = select_jobs().where(Job.c.run_id == run_id, Job.c.output == commit_id)
    row = conn.execute(statement.limit(1)).first()
    return None if row is None else job_of(row)


def landed_before(
    conn: Connection, pipeline_id: int, *, before: int, limit: int = 100
) -> list[JobRow]:
    """The pipeline's jobs whose output landed, the newest first.

    Args:
        pipeline_id: whose.
        before: only those whose place in the queue is before this one.
        limit: at most so many.
    """
    statement = (
        select_jobs()
        .where(
            Job.c.pipeline_id == pipeline_id,
            has_landed(Job),
            Job.c.reproduces.is_(None),
            Job.c.sequence < before,
        )
        .order_by(Job.c.sequence.desc())
        .limit(limit)
    )
    return [job_of(row) for row in conn.execute(statement)]


def last_landed(conn: Connection, pipeline_id: int, *, before: int) -> JobRow | None:
    """The newest of :func:`landed_before`, or ``None``."""
    return next(iter(landed_before(conn, pipeline_id, before=before, limit=1)), None)


def has_landed(job: FromClause) -> ColumnElement[bool]:
    """Whether a row of :data:`Job`, or of an alias of it, has :attr:`JobRow.has_landed`."""
    return or_(job.c.state == JobState.SUCCESS.value, job.c.meta_digest.is_not(None))


def inputs_as_json(inputs: Sequence[JobInput]) -> list[dict[str, str | None]]:
    """How a job's inputs are kept."""
    return [
        {
            "name": source.name,
            "repo": source.repo,
            "branch": source.branch,
            "commit": source.commit,
        }
        for source in inputs
    ]


def select_jobs() -> Select[*tuple[object, ...]]:
    """The statement whose rows :func:`job_of` reads."""
    return select(*Job.c, Pipeline.c.name.label("pipeline")).join(
        Pipeline, Pipeline.c.id == Job.c.pipeline_id
    )


def job_of(row: Row[*tuple[object, ...]]) -> JobRow:
    """The job that a row of :func:`select_jobs` holds."""
    meta = None
    if row.meta_digest is not None:
        location = None
        if row.meta_pack is not None:
            location = Location(row.meta_pack, row.meta_offset, row.meta_length)
        meta = TreeRef(row.meta_digest, location, row.meta_files, row.meta_bytes)
    return JobRow(
        id=row.id,
        pipeline_id=row.pipeline_id,
        pipeline=row.pipeline,
        version=row.version,
        sequence=row.sequence,
        run_id=row.run_id,
        state=JobState(row.state),
        inputs=tuple(JobInput(**source) for source in row.inputs),
        output=row.output,
        executor=row.executor,
        reason=row.reason,
        counts=DatumCounts(
            row.datums_total,
            row.datums_processed,
            row.datums_skipped,
            row.datums_failed,
            row.datums_recovered,
        ),
        created_us=row.created_us,
        started_us=row.started_us,
        finished_us=row.finished_us,
        owner=row.owner,
        lease_until_us=row.lease_until_us,
        meta=meta,
        reproduces=None if row.reproduces is None else ReproductionOrder(**_order_of(row)),
        standing=row.standing,
        parameters=row.parameters,
        trace=row.trace,
    )


def _order_of(row: Row[*tuple[object, ...]]) -> dict[str, Any]:
    return {**row.reproduces, "metrics": tuple(row.reproduces["metrics"])}
