"""Jobs, their datums, and what becomes of both."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Named,
    Table,
    TypedColumns,
    UniqueConstraint,
    false,
    text,
)

from datavc.db.tables.columns import BIG, METADATA, TEXT


class JobColumns(TypedColumns):
    """A job."""

    id: Named[str] = Column(TEXT, primary_key=True)
    pipeline_id: Named[int] = Column(BIG, ForeignKey("pipelines.id", ondelete="CASCADE"))
    version: Named[int] = Column(BIG)
    #: Place in the pipeline's queue: 1, 2, ...
    sequence: Named[int] = Column(BIG)
    run_id: Named[str] = Column(TEXT, index=True)
    state: Named[str] = Column(TEXT)
    inputs: Named[list[dict[str, str | None]]] = Column(JSON)
    output: Named[str | None] = Column(TEXT)
    executor: Named[str | None] = Column(TEXT)
    reason: Named[str] = Column(TEXT)
    datums_total: Named[int] = Column(BIG)
    datums_processed: Named[int] = Column(BIG)
    datums_skipped: Named[int] = Column(BIG)
    datums_failed: Named[int] = Column(BIG)
    created_us: Named[int] = Column(BIG)
    started_us: Named[int | None] = Column(BIG)
    finished_us: Named[int | None] = Column(BIG)
    owner: Named[str | None] = Column(TEXT)
    lease_until_us: Named[int] = Column(BIG)
    meta_digest: Named[bytes | None] = Column(LargeBinary)
    meta_pack: Named[bytes | None] = Column(LargeBinary)
    meta_offset: Named[int | None] = Column(BIG)
    meta_length: Named[int | None] = Column(BIG)
    meta_files: Named[int] = Column(BIG)
    meta_bytes: Named[int] = Column(BIG)
    datums_recovered: Named[int] = Column(BIG, server_default=text("0"))
    #: The commit that the job makes once more, and how closely; null for a job that makes its own.
    reproduces: Named[dict[str, object] | None] = Column(JSON(none_as_null=True))
    standing: Named[bool] = Column(Boolean, server_default=false())
    #: Variables of the transform that have other values than the spec says.
    parameters: Named[dict[str, str]] = Column(JSON, server_default=text("'{}'"))
    #: What it was made on account of, by W3C Trace Context.
    trace: Named[str | None] = Column(TEXT)


Job = Table(
    "jobs",
    METADATA,
    JobColumns,
    UniqueConstraint("pipeline_id", "sequence"),
    Index(None, "pipeline_id", "state", "sequence"),
    Index(None, "state", "created_us"),
    CheckConstraint("sequence > 0", name="sequence"),
)


class ReproductionColumns(TypedColumns):
    """What came of making a commit's output once more; it outlives the job and the pipeline."""

    job_id: Named[str] = Column(TEXT, primary_key=True)
    repo: Named[str] = Column(TEXT)
    commit_id: Named[str] = Column(TEXT, index=True)
    verdict: Named[str] = Column(TEXT)
    files: Named[int] = Column(BIG)
    different: Named[int] = Column(BIG)
    differences: Named[list[dict[str, str]]] = Column(JSON)
    tolerance: Named[float] = Column(Double)
    metrics: Named[list[str]] = Column(JSON)
    author: Named[str] = Column(TEXT)
    time_us: Named[int] = Column(BIG)


ReproductionRow = Table("reproductions", METADATA, ReproductionColumns)


class JobDependencyColumns(TypedColumns):
    """``job_id`` waits until ``upstream_id`` is over."""

    job_id: Named[str] = Column(TEXT, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    upstream_id: Named[str] = Column(
        TEXT, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True, index=True
    )


JobDependency = Table("job_dependencies", METADATA, JobDependencyColumns)


class DatumResultColumns(TypedColumns):
    """The output of a datum key that has succeeded in a pipeline."""

    pipeline_id: Named[int] = Column(
        BIG, ForeignKey("pipelines.id", ondelete="CASCADE"), primary_key=True
    )
    key: Named[bytes] = Column(LargeBinary, primary_key=True)
    digest: Named[bytes] = Column(LargeBinary)
    pack: Named[bytes] = Column(LargeBinary)
    offset: Named[int] = Column(BIG)
    length: Named[int] = Column(BIG)
    puts: Named[int] = Column(BIG)
    removals: Named[int] = Column(BIG)
    content_bytes: Named[int] = Column(BIG)
    seconds: Named[float] = Column(Double)
    created_us: Named[int] = Column(BIG)


DatumResult = Table("datum_results", METADATA, DatumResultColumns, sqlite_with_rowid=False)


class JobDatumColumns(TypedColumns):
    """A datum that a job ran."""

    job_id: Named[str] = Column(TEXT, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    key: Named[bytes] = Column(LargeBinary, primary_key=True)
    state: Named[str] = Column(TEXT)
    inputs: Named[list[str]] = Column(JSON)
    seconds: Named[float] = Column(Double)
    exit_code: Named[int | None] = Column(BIG)
    reason: Named[str] = Column(TEXT)
    log_digest: Named[bytes | None] = Column(LargeBinary)
    log_size: Named[int | None] = Column(BIG)
    log_pack: Named[bytes | None] = Column(LargeBinary)
    log_offset: Named[int | None] = Column(BIG)
    log_length: Named[int | None] = Column(BIG)
    download_bytes: Named[int] = Column(BIG, server_default=text("0"))
    upload_bytes: Named[int] = Column(BIG, server_default=text("0"))
    #: When its result was written down: what was written later has a later time.
    ended_us: Named[int] = Column(BIG, server_default=text("0"))
    download_seconds: Named[float] = Column(Double, server_default=text("0"))
    upload_seconds: Named[float] = Column(Double, server_default=text("0"))


JobDatum = Table(
    "job_datums",
    METADATA,
    JobDatumColumns,
    Index(None, "job_id", "ended_us", "key"),
    sqlite_with_rowid=False,
)


class RunningDatumColumns(TypedColumns):
    """A datum that has been running for a moment."""

    job_id: Named[str] = Column(TEXT, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    key: Named[bytes] = Column(LargeBinary, primary_key=True)
    inputs: Named[list[str]] = Column(JSON)
    started_us: Named[int] = Column(BIG)
    #: Who wants it to be started anew, if anybody.
    restart_by: Named[str | None] = Column(TEXT)


RunningDatum = Table("running_datums", METADATA, RunningDatumColumns)


class LiveLogColumns(TypedColumns):
    """A part of what a running datum has printed, in the form in which its log will be kept."""

    job_id: Named[str] = Column(TEXT, primary_key=True)
    key: Named[bytes] = Column(LargeBinary, primary_key=True)
    #: Place of the first byte in the log.
    start: Named[int] = Column(BIG, primary_key=True, autoincrement=False)
    data: Named[bytes] = Column(LargeBinary)


LiveLog = Table(
    "live_logs",
    METADATA,
    LiveLogColumns,
    ForeignKeyConstraint(
        ["job_id", "key"],
        ["running_datums.job_id", "running_datums.key"],
        ondelete="CASCADE",
    ),
)


class JobEventColumns(TypedColumns):
    """A line that the engine says of a job."""

    id: Named[int] = Column(BIG, primary_key=True, autoincrement=True)
    job_id: Named[str] = Column(TEXT, ForeignKey("jobs.id", ondelete="CASCADE"))
    time_us: Named[int] = Column(BIG)
    text: Named[str] = Column(TEXT)


JobEvent = Table("job_events", METADATA, JobEventColumns, Index(None, "job_id", "id"))


class JobChangeColumns(TypedColumns):
    """That a job has changed. Triggers of the database write it with whatever changes a job.

    Each job has one row, of its last change.
    """

    #: Numbers are given out in turn, though not seen in turn: transactions end in any order.
    change: Named[int] = Column(BIG, primary_key=True, autoincrement=True)
    job_id: Named[str] = Column(TEXT, ForeignKey("jobs.id", ondelete="CASCADE"), unique=True)
    #: The transaction; 0 on SQLite, where one writes after another.
    xact: Named[int] = Column(BIG)


JobChange = Table(
    "job_changes",
    METADATA,
    JobChangeColumns,
    Index(None, "xact", "change"),
    sqlite_autoincrement=True,
)
