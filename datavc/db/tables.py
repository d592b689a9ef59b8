"""Every table, typed. Queries live in the modules next to this one.

Content digests and datum keys are raw bytes; ids that people type (commits, jobs, runs) are
lower-case hex text, so that a prefix of one is a range of the primary key. The tables are plain
Core ones: importing the ORM would take half as long again as all of the rest, on every command.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Named,
    Table,
    Text,
    TypedColumns,
    UniqueConstraint,
    false,
    text,
)

# Byte order on both databases: PostgreSQL's default collation may sort names by language.
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
# SQLite numbers rows by itself only when the key's type is spelled INTEGER.
_BIG = BigInteger().with_variant(Integer(), "sqlite")

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class RepoColumns(TypedColumns):
    """A repo."""

    id: Named[int] = Column(_BIG, primary_key=True, autoincrement=True)
    name: Named[str] = Column(_TEXT, unique=True)
    description: Named[str] = Column(_TEXT)
    default_branch: Named[str] = Column(_TEXT)
    created_us: Named[int] = Column(_BIG)


# Ids are never used twice, so the ref log of a deleted repo stays its own.
Repo = Table("repos", METADATA, RepoColumns, sqlite_autoincrement=True)


class BranchColumns(TypedColumns):
    """A branch; ``head`` is null before its first commit."""

    repo_id: Named[int] = Column(_BIG, ForeignKey("repos.id", ondelete="CASCADE"), primary_key=True)
    name: Named[str] = Column(_TEXT, primary_key=True)
    head: Named[str | None] = Column(_TEXT, ForeignKey("commits.id"))
    updated_us: Named[int] = Column(_BIG)


Branch = Table("branches", METADATA, BranchColumns)


class BranchTriggerColumns(TypedColumns):
    """A branch that follows another one of its repo."""

    repo_id: Named[int] = Column(_BIG, primary_key=True, autoincrement=False)
    branch: Named[str] = Column(_TEXT, primary_key=True)
    source: Named[str] = Column(_TEXT)
    commits: Named[int | None] = Column(_BIG)
    size: Named[int | None] = Column(_BIG)
    rate_limit: Named[str] = Column(_TEXT)
    cron: Named[str] = Column(_TEXT)
    all_of_them: Named[int] = Column(_BIG)
    moved_us: Named[int] = Column(_BIG)
    next_us: Named[int | None] = Column(_BIG, index=True)


BranchTrigger = Table(
    "branch_triggers",
    METADATA,
    BranchTriggerColumns,
    ForeignKeyConstraint(
        ["repo_id", "branch"], ["branches.repo_id", "branches.name"], ondelete="CASCADE"
    ),
)


class TagColumns(TypedColumns):
    """A tag."""

    repo_id: Named[int] = Column(_BIG, ForeignKey("repos.id", ondelete="CASCADE"), primary_key=True)
    name: Named[str] = Column(_TEXT, primary_key=True)
    commit_id: Named[str] = Column(_TEXT, ForeignKey("commits.id"))
    created_us: Named[int] = Column(_BIG)
    author: Named[str] = Column(_TEXT)


Tag = Table("tags", METADATA, TagColumns)


class RefMoveColumns(TypedColumns):
    """One move of a branch or tag. Outlives the repo, so it names it instead of referring."""

    id: Named[int] = Column(_BIG, primary_key=True, autoincrement=True)
    repo_id: Named[int] = Column(_BIG)
    repo: Named[str] = Column(_TEXT)
    kind: Named[str] = Column(_TEXT)
    name: Named[str] = Column(_TEXT)
    old: Named[str | None] = Column(_TEXT)
    new: Named[str | None] = Column(_TEXT)
    author: Named[str] = Column(_TEXT)
    reason: Named[str] = Column(_TEXT)
    time_us: Named[int] = Column(_BIG)


RefMove = Table(
    "ref_log",
    METADATA,
    RefMoveColumns,
    Index(None, "repo_id", "name", "id"),
    sqlite_autoincrement=True,
)


class CommitColumns(TypedColumns):
    """A commit, and where its tree's root node lies."""

    id: Named[str] = Column(_TEXT, primary_key=True)
    repo_id: Named[int] = Column(_BIG, ForeignKey("repos.id", ondelete="CASCADE"), index=True)
    author: Named[str] = Column(_TEXT)
    message: Named[str] = Column(_TEXT)
    time_us: Named[int] = Column(_BIG)
    run_id: Named[str] = Column(_TEXT, index=True)
    tree_digest: Named[bytes] = Column(LargeBinary)
    tree_pack: Named[bytes | None] = Column(LargeBinary)
    tree_offset: Named[int | None] = Column(_BIG)
    tree_length: Named[int | None] = Column(_BIG)
    files: Named[int] = Column(_BIG)
    content_bytes: Named[int] = Column(_BIG)
    pipeline: Named[str | None] = Column(_TEXT)
    pipeline_digest: Named[str | None] = Column(_TEXT)
    #: When its content was given up; null while it is kept.
    expired_us: Named[int | None] = Column(_BIG)


Commit = Table("commits", METADATA, CommitColumns)


class CommitParentColumns(TypedColumns):
    """``parent_id`` is parent number ``position`` (0 = the first parent) of ``commit_id``."""

    commit_id: Named[str] = Column(
        _TEXT, ForeignKey("commits.id", ondelete="CASCADE"), primary_key=True
    )
    position: Named[int] = Column(_BIG, primary_key=True, autoincrement=False)
    parent_id: Named[str] = Column(_TEXT, index=True)


CommitParent = Table("commit_parents", METADATA, CommitParentColumns)


class ProvenanceColumns(TypedColumns):
    """``downstream`` was made from ``upstream``, which may be in a repo deleted since."""

    downstream: Named[str] = Column(
        _TEXT, ForeignKey("commits.id", ondelete="CASCADE"), primary_key=True
    )
    upstream: Named[str] = Column(_TEXT, primary_key=True, index=True)


Provenance = Table("provenance", METADATA, ProvenanceColumns)


class StagedColumns(TypedColumns):
    """A change set in a branch's staging; ids give the order."""

    id: Named[int] = Column(_BIG, primary_key=True, autoincrement=True)
    repo_id: Named[int] = Column(_BIG)
    branch: Named[str] = Column(_TEXT)
    author: Named[str] = Column(_TEXT)
    staged_us: Named[int] = Column(_BIG)
    digest: Named[bytes] = Column(LargeBinary)
    pack: Named[bytes] = Column(LargeBinary)
    offset: Named[int] = Column(_BIG)
    length: Named[int] = Column(_BIG)
    puts: Named[int] = Column(_BIG)
    removals: Named[int] = Column(_BIG)
    content_bytes: Named[int] = Column(_BIG)


Staged = Table(
    "staging",
    METADATA,
    StagedColumns,
    ForeignKeyConstraint(
        ["repo_id", "branch"], ["branches.repo_id", "branches.name"], ondelete="CASCADE"
    ),
    Index(None, "repo_id", "branch", "id"),
    sqlite_autoincrement=True,
)


class OutboxEventColumns(TypedColumns):
    """Something that happened, for engines to act upon; gone once it is acknowledged."""

    id: Named[int] = Column(_BIG, primary_key=True, autoincrement=True)
    kind: Named[str] = Column(_TEXT)
    payload: Named[dict[str, object]] = Column(JSON)
    created_us: Named[int] = Column(_BIG)
    owner: Named[str | None] = Column(_TEXT)
    #: 0 when nobody has claimed it.
    lease_until_us: Named[int] = Column(_BIG)


OutboxEvent = Table("outbox", METADATA, OutboxEventColumns, sqlite_autoincrement=True)


class PackColumns(TypedColumns):
    """A durable pack."""

    id: Named[bytes] = Column(LargeBinary, primary_key=True)
    size: Named[int] = Column(_BIG)
    #: Chunks that the index was told of when the pack was added.
    chunks: Named[int] = Column(_BIG)
    created_us: Named[int] = Column(_BIG)
    #: When its records went to other packs; what refers to them still names this one.
    moved_us: Named[int | None] = Column(_BIG)


Pack = Table("packs", METADATA, PackColumns)


class PurgeColumns(TypedColumns):
    """Content that was removed from all history: who wanted it, and why."""

    id: Named[str] = Column(_TEXT, primary_key=True)
    #: What was asked for: a repo and a path, or a content's digest.
    subject: Named[str] = Column(_TEXT)
    reason: Named[str] = Column(_TEXT)
    #: Distinct contents that are gone, and bytes that the store won.
    contents: Named[int] = Column(_BIG)
    freed_bytes: Named[int] = Column(_BIG)
    author: Named[str] = Column(_TEXT)
    time_us: Named[int] = Column(_BIG)


Purge = Table("purges", METADATA, PurgeColumns)


class UpkeepTurnColumns(TypedColumns):
    """Who looks after the store: one at a time takes away or moves what others may read."""

    name: Named[str] = Column(_TEXT, primary_key=True)
    holder: Named[str] = Column(_TEXT)
    until_us: Named[int] = Column(_BIG)


UpkeepTurn = Table("upkeep_turns", METADATA, UpkeepTurnColumns)


class DroppedPackColumns(TypedColumns):
    """A pack that was collected: nobody may make it known again."""

    id: Named[bytes] = Column(LargeBinary, primary_key=True)
    dropped_us: Named[int] = Column(_BIG)


DroppedPack = Table("dropped_packs", METADATA, DroppedPackColumns)


class RetentionRuleColumns(TypedColumns):
    """How long commits behind the heads of some branches are kept."""

    repo_id: Named[int] = Column(_BIG, ForeignKey("repos.id", ondelete="CASCADE"), primary_key=True)
    #: Glob over branch names.
    pattern: Named[str] = Column(_TEXT, primary_key=True)
    keep_us: Named[int] = Column(_BIG)
    author: Named[str] = Column(_TEXT)
    created_us: Named[int] = Column(_BIG)


RetentionRule = Table("retention_rules", METADATA, RetentionRuleColumns)


class ProtectionColumns(TypedColumns):
    """Branches that are kept from being changed by hand."""

    repo_id: Named[int] = Column(_BIG, ForeignKey("repos.id", ondelete="CASCADE"), primary_key=True)
    #: Glob over branch names.
    pattern: Named[str] = Column(_TEXT, primary_key=True)
    #: 1 where commits may be made all the same.
    allow_commits: Named[int] = Column(_BIG)
    author: Named[str] = Column(_TEXT)
    created_us: Named[int] = Column(_BIG)


BranchProtection = Table("branch_protections", METADATA, ProtectionColumns)


class ChunkColumns(TypedColumns):
    """Where a chunk lies: the deduplication hint."""

    digest: Named[bytes] = Column(LargeBinary, primary_key=True)
    pack: Named[bytes] = Column(LargeBinary)
    offset: Named[int] = Column(_BIG)
    length: Named[int] = Column(_BIG)
    size: Named[int] = Column(_BIG)


Chunk = Table("chunks", METADATA, ChunkColumns, sqlite_with_rowid=False)


class PipelineColumns(TypedColumns):
    """A pipeline; what it does is in its versions."""

    id: Named[int] = Column(_BIG, primary_key=True, autoincrement=True)
    name: Named[str] = Column(_TEXT, unique=True)
    #: The current version.
    version: Named[int] = Column(_BIG)
    #: ``running`` or ``stopped``.
    state: Named[str] = Column(_TEXT)
    #: Jobs made so far; gives each job its place in the queue.
    job_count: Named[int] = Column(_BIG)


Pipeline = Table("pipelines", METADATA, PipelineColumns, sqlite_autoincrement=True)


class PipelineVersionColumns(TypedColumns):
    """One version of a pipeline; only ``image_digest`` is filled in later, once."""

    pipeline_id: Named[int] = Column(
        _BIG, ForeignKey("pipelines.id", ondelete="CASCADE"), primary_key=True
    )
    version: Named[int] = Column(_BIG, primary_key=True, autoincrement=False)
    spec: Named[dict[str, object]] = Column(JSON)
    digest: Named[str] = Column(_TEXT)
    #: Sets the datum keys apart from those of equal code before a forced reprocessing.
    salt: Named[str] = Column(_TEXT)
    #: What the image turned out to be when the version first ran.
    image_digest: Named[str | None] = Column(_TEXT)
    output_repo: Named[str] = Column(_TEXT, index=True)
    output_branch: Named[str] = Column(_TEXT)
    author: Named[str] = Column(_TEXT)
    created_us: Named[int] = Column(_BIG)


PipelineVersion = Table("pipeline_versions", METADATA, PipelineVersionColumns)


class PipelineInputColumns(TypedColumns):
    """A branch that a pipeline version reads."""

    pipeline_id: Named[int] = Column(_BIG, primary_key=True, autoincrement=False)
    version: Named[int] = Column(_BIG, primary_key=True, autoincrement=False)
    #: Place in the spec.
    position: Named[int] = Column(_BIG, primary_key=True, autoincrement=False)
    name: Named[str] = Column(_TEXT)
    repo: Named[str] = Column(_TEXT)
    branch: Named[str] = Column(_TEXT)


PipelineInput = Table(
    "pipeline_inputs",
    METADATA,
    PipelineInputColumns,
    ForeignKeyConstraint(
        ["pipeline_id", "version"],
        ["pipeline_versions.pipeline_id", "pipeline_versions.version"],
        ondelete="CASCADE",
    ),
    Index(None, "repo", "branch"),
)


class CronInputColumns(TypedColumns):
    """A cron input of a pipeline's current version."""

    pipeline_id: Named[int] = Column(
        _BIG, ForeignKey("pipelines.id", ondelete="CASCADE"), primary_key=True
    )
    #: Where its ticks are committed.
    repo: Named[str] = Column(_TEXT, primary_key=True)
    next_us: Named[int] = Column(_BIG, index=True)
    #: Whether the repo was made for it.
    made_repo: Named[int] = Column(_BIG)


CronInput = Table("cron_inputs", METADATA, CronInputColumns)


class SecretColumns(TypedColumns):
    """A secret; ``sealed`` holds its values, encrypted."""

    name: Named[str] = Column(_TEXT, primary_key=True)
    value_names: Named[list[str]] = Column(JSON)
    sealed: Named[bytes] = Column(LargeBinary)
    author: Named[str] = Column(_TEXT)
    created_us: Named[int] = Column(_BIG)


Secret = Table("secrets", METADATA, SecretColumns)


class S3KeyColumns(TypedColumns):
    """An access key of the S3 gateway; ``sealed`` holds its secret, encrypted."""

    id: Named[str] = Column(_TEXT, primary_key=True)
    sealed: Named[bytes] = Column(LargeBinary)
    account: Named[str] = Column(_TEXT)
    #: 1 where it opens nothing for writing.
    read_only: Named[int] = Column(_BIG)
    created_us: Named[int] = Column(_BIG)


S3Key = Table("s3_keys", METADATA, S3KeyColumns)


class S3UploadColumns(TypedColumns):
    """A multipart upload that was begun and neither completed nor aborted."""

    id: Named[str] = Column(_TEXT, primary_key=True)
    repo_id: Named[int] = Column(_BIG)
    branch: Named[str] = Column(_TEXT)
    path: Named[str] = Column(_TEXT)
    account: Named[str] = Column(_TEXT)
    #: Of the commit that its completion makes; null where it is only staged.
    message: Named[str | None] = Column(_TEXT)
    created_us: Named[int] = Column(_BIG)


S3Upload = Table(
    "s3_uploads",
    METADATA,
    S3UploadColumns,
    ForeignKeyConstraint(
        ["repo_id", "branch"], ["branches.repo_id", "branches.name"], ondelete="CASCADE"
    ),
    Index(None, "repo_id", "branch"),
)


class S3PartColumns(TypedColumns):
    """A part of a multipart upload: a stored change set that puts its content."""

    upload_id: Named[str] = Column(
        _TEXT, ForeignKey("s3_uploads.id", ondelete="CASCADE"), primary_key=True
    )
    number: Named[int] = Column(_BIG, primary_key=True, autoincrement=False)
    etag: Named[str] = Column(_TEXT)
    #: By algorithm, in base64: the checksums that came with it.
    checksums: Named[dict[str, str]] = Column(JSON)
    created_us: Named[int] = Column(_BIG)
    digest: Named[bytes] = Column(LargeBinary)
    pack: Named[bytes] = Column(LargeBinary)
    offset: Named[int] = Column(_BIG)
    length: Named[int] = Column(_BIG)
    puts: Named[int] = Column(_BIG)
    removals: Named[int] = Column(_BIG)
    content_bytes: Named[int] = Column(_BIG)


S3Part = Table("s3_parts", METADATA, S3PartColumns)


class JobColumns(TypedColumns):
    """A job."""

    id: Named[str] = Column(_TEXT, primary_key=True)
    pipeline_id: Named[int] = Column(_BIG, ForeignKey("pipelines.id", ondelete="CASCADE"))
    version: Named[int] = Column(_BIG)
    #: Place in the pipeline's queue: 1, 2, ...
    sequence: Named[int] = Column(_BIG)
    run_id: Named[str] = Column(_TEXT, index=True)
    state: Named[str] = Column(_TEXT)
    inputs: Named[list[dict[str, str | None]]] = Column(JSON)
    output: Named[str | None] = Column(_TEXT)
    executor: Named[str | None] = Column(_TEXT)
    reason: Named[str] = Column(_TEXT)
    datums_total: Named[int] = Column(_BIG)
    datums_processed: Named[int] = Column(_BIG)
    datums_skipped: Named[int] = Column(_BIG)
    datums_failed: Named[int] = Column(_BIG)
    created_us: Named[int] = Column(_BIG)
    started_us: Named[int | None] = Column(_BIG)
    finished_us: Named[int | None] = Column(_BIG)
    owner: Named[str | None] = Column(_TEXT)
    lease_until_us: Named[int] = Column(_BIG)
    meta_digest: Named[bytes | None] = Column(LargeBinary)
    meta_pack: Named[bytes | None] = Column(LargeBinary)
    meta_offset: Named[int | None] = Column(_BIG)
    meta_length: Named[int | None] = Column(_BIG)
    meta_files: Named[int] = Column(_BIG)
    meta_bytes: Named[int] = Column(_BIG)
    datums_recovered: Named[int] = Column(_BIG, server_default=text("0"))
    #: The commit that the job makes once more, and how closely; null for a job that makes its own.
    reproduces: Named[dict[str, object] | None] = Column(JSON(none_as_null=True))
    standing: Named[bool] = Column(Boolean, server_default=false())


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

    job_id: Named[str] = Column(_TEXT, primary_key=True)
    repo: Named[str] = Column(_TEXT)
    commit_id: Named[str] = Column(_TEXT, index=True)
    verdict: Named[str] = Column(_TEXT)
    files: Named[int] = Column(_BIG)
    different: Named[int] = Column(_BIG)
    differences: Named[list[dict[str, str]]] = Column(JSON)
    tolerance: Named[float] = Column(Double)
    metrics: Named[list[str]] = Column(JSON)
    author: Named[str] = Column(_TEXT)
    time_us: Named[int] = Column(_BIG)


ReproductionRow = Table("reproductions", METADATA, ReproductionColumns)


class JobDependencyColumns(TypedColumns):
    """``job_id`` waits until ``upstream_id`` is over."""

    job_id: Named[str] = Column(_TEXT, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    upstream_id: Named[str] = Column(
        _TEXT, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True, index=True
    )


JobDependency = Table("job_dependencies", METADATA, JobDependencyColumns)


class DatumResultColumns(TypedColumns):
    """The output of a datum key that has succeeded in a pipeline."""

    pipeline_id: Named[int] = Column(
        _BIG, ForeignKey("pipelines.id", ondelete="CASCADE"), primary_key=True
    )
    key: Named[bytes] = Column(LargeBinary, primary_key=True)
    digest: Named[bytes] = Column(LargeBinary)
    pack: Named[bytes] = Column(LargeBinary)
    offset: Named[int] = Column(_BIG)
    length: Named[int] = Column(_BIG)
    puts: Named[int] = Column(_BIG)
    removals: Named[int] = Column(_BIG)
    content_bytes: Named[int] = Column(_BIG)
    seconds: Named[float] = Column(Double)
    created_us: Named[int] = Column(_BIG)


DatumResult = Table("datum_results", METADATA, DatumResultColumns, sqlite_with_rowid=False)


class JobDatumColumns(TypedColumns):
    """A datum that a job ran."""

    job_id: Named[str] = Column(_TEXT, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    key: Named[bytes] = Column(LargeBinary, primary_key=True)
    state: Named[str] = Column(_TEXT)
    inputs: Named[list[str]] = Column(JSON)
    seconds: Named[float] = Column(Double)
    exit_code: Named[int | None] = Column(_BIG)
    reason: Named[str] = Column(_TEXT)
    log_digest: Named[bytes | None] = Column(LargeBinary)
    log_size: Named[int | None] = Column(_BIG)
    log_pack: Named[bytes | None] = Column(LargeBinary)
    log_offset: Named[int | None] = Column(_BIG)
    log_length: Named[int | None] = Column(_BIG)
    download_bytes: Named[int] = Column(_BIG, server_default=text("0"))
    upload_bytes: Named[int] = Column(_BIG, server_default=text("0"))
    #: When its result was written down: what was written later has a later time.
    ended_us: Named[int] = Column(_BIG, server_default=text("0"))
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

    job_id: Named[str] = Column(_TEXT, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    key: Named[bytes] = Column(LargeBinary, primary_key=True)
    inputs: Named[list[str]] = Column(JSON)
    started_us: Named[int] = Column(_BIG)
    #: Who wants it to be started anew, if anybody.
    restart_by: Named[str | None] = Column(_TEXT)


RunningDatum = Table("running_datums", METADATA, RunningDatumColumns)


class LiveLogColumns(TypedColumns):
    """A part of what a running datum has printed, in the form in which its log will be kept."""

    job_id: Named[str] = Column(_TEXT, primary_key=True)
    key: Named[bytes] = Column(LargeBinary, primary_key=True)
    #: Place of the first byte in the log.
    start: Named[int] = Column(_BIG, primary_key=True, autoincrement=False)
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

    id: Named[int] = Column(_BIG, primary_key=True, autoincrement=True)
    job_id: Named[str] = Column(_TEXT, ForeignKey("jobs.id", ondelete="CASCADE"))
    time_us: Named[int] = Column(_BIG)
    text: Named[str] = Column(_TEXT)


JobEvent = Table("job_events", METADATA, JobEventColumns, Index(None, "job_id", "id"))


class RequestColumns(TypedColumns):
    """A request that was carried out, so that its repetition is answered and not done again."""

    #: Made by the client: 32 hex digits.
    key: Named[str] = Column(_TEXT, primary_key=True)
    #: Digest of what was asked for.
    digest: Named[bytes] = Column(LargeBinary)
    answer: Named[dict[str, object]] = Column(JSON)
    created_us: Named[int] = Column(_BIG)


Request = Table("requests", METADATA, RequestColumns, Index(None, "created_us"))


class WebhookColumns(TypedColumns):
    """Somebody who is told of what happens; ``sealed`` holds the secret, encrypted."""

    id: Named[str] = Column(_TEXT, primary_key=True)
    url: Named[str] = Column(_TEXT)
    events: Named[list[str]] = Column(JSON)
    #: Of this repo alone; empty for all.
    repo: Named[str] = Column(_TEXT)
    sealed: Named[bytes] = Column(LargeBinary)
    author: Named[str] = Column(_TEXT)
    created_us: Named[int] = Column(_BIG)


Webhook = Table("webhooks", METADATA, WebhookColumns)


class WebhookDeliveryColumns(TypedColumns):
    """A message to a webhook, written in the transaction that does what it tells of."""

    id: Named[int] = Column(_BIG, primary_key=True, autoincrement=True)
    webhook: Named[str] = Column(_TEXT, ForeignKey("webhooks.id", ondelete="CASCADE"))
    event: Named[str] = Column(_TEXT)
    payload: Named[dict[str, object]] = Column(JSON)
    state: Named[str] = Column(_TEXT)
    attempts: Named[int] = Column(_BIG)
    #: The HTTP status of the last answer.
    status: Named[int | None] = Column(_BIG)
    error: Named[str] = Column(_TEXT)
    created_us: Named[int] = Column(_BIG)
    #: When it is sent next, unless it is finished.
    next_us: Named[int | None] = Column(_BIG)
    finished_us: Named[int | None] = Column(_BIG)


WebhookDelivery = Table(
    "webhook_deliveries",
    METADATA,
    WebhookDeliveryColumns,
    Index(None, "webhook", "id"),
    Index(None, "state", "next_us"),
    sqlite_autoincrement=True,
)


class AccountColumns(TypedColumns):
    """An account."""

    id: Named[int] = Column(_BIG, primary_key=True, autoincrement=True)
    name: Named[str] = Column(_TEXT, unique=True)
    kind: Named[str] = Column(_TEXT)
    #: 1 where it is let in no more.
    disabled: Named[int] = Column(_BIG)
    issuer: Named[str | None] = Column(_TEXT)
    subject: Named[str | None] = Column(_TEXT)
    max_bytes: Named[int | None] = Column(_BIG)
    max_repos: Named[int | None] = Column(_BIG)
    requests_per_minute: Named[int | None] = Column(_BIG)
    author: Named[str] = Column(_TEXT)
    created_us: Named[int] = Column(_BIG)


# Ids are never used twice, so nothing of a deleted account becomes another one's.
Account = Table(
    "accounts",
    METADATA,
    AccountColumns,
    UniqueConstraint("issuer", "subject"),
    sqlite_autoincrement=True,
)


class AccountGroupColumns(TypedColumns):
    """A group of accounts."""

    name: Named[str] = Column(_TEXT, primary_key=True)
    author: Named[str] = Column(_TEXT)
    created_us: Named[int] = Column(_BIG)


AccountGroup = Table("account_groups", METADATA, AccountGroupColumns)


class GroupMemberColumns(TypedColumns):
    """An account in a group."""

    group_name: Named[str] = Column(
        _TEXT, ForeignKey("account_groups.name", ondelete="CASCADE"), primary_key=True
    )
    account_id: Named[int] = Column(
        _BIG, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, index=True
    )


GroupMember = Table("group_members", METADATA, GroupMemberColumns)


class RoleBindingColumns(TypedColumns):
    """A role of an account or of a group; exactly one of the two is set."""

    id: Named[int] = Column(_BIG, primary_key=True, autoincrement=True)
    account_id: Named[int | None] = Column(
        _BIG, ForeignKey("accounts.id", ondelete="CASCADE"), index=True
    )
    group_name: Named[str | None] = Column(
        _TEXT, ForeignKey("account_groups.name", ondelete="CASCADE"), index=True
    )
    role: Named[str] = Column(_TEXT)
    repos: Named[str] = Column(_TEXT)
    branches: Named[str] = Column(_TEXT)
    author: Named[str] = Column(_TEXT)
    created_us: Named[int] = Column(_BIG)


RoleBindingRow = Table(
    "role_bindings",
    METADATA,
    RoleBindingColumns,
    CheckConstraint("(account_id IS NULL) <> (group_name IS NULL)", name="one_holder"),
)


class TokenColumns(TypedColumns):
    """A token; only the digest of its secret is kept."""

    id: Named[str] = Column(_TEXT, primary_key=True)
    account_id: Named[int] = Column(_BIG, ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    name: Named[str] = Column(_TEXT)
    digest: Named[bytes] = Column(LargeBinary)
    scopes: Named[list[str]] = Column(JSON)
    created_us: Named[int] = Column(_BIG)
    expires_us: Named[int | None] = Column(_BIG)
    last_used_us: Named[int | None] = Column(_BIG)
    revoked_us: Named[int | None] = Column(_BIG)


Token = Table("tokens", METADATA, TokenColumns)


class RepoOwnerColumns(TypedColumns):
    """Whose limits a repo counts towards."""

    repo_id: Named[int] = Column(_BIG, ForeignKey("repos.id", ondelete="CASCADE"), primary_key=True)
    account_id: Named[int] = Column(_BIG, ForeignKey("accounts.id", ondelete="CASCADE"), index=True)


RepoOwner = Table("repo_owners", METADATA, RepoOwnerColumns)


class AuditColumns(TypedColumns):
    """A change or a refusal. The database itself keeps rows from being changed or deleted."""

    id: Named[int] = Column(_BIG, primary_key=True, autoincrement=True)
    time_us: Named[int] = Column(_BIG, index=True)
    account: Named[str] = Column(_TEXT)
    token: Named[str] = Column(_TEXT)
    request: Named[str] = Column(_TEXT)
    repo: Named[str] = Column(_TEXT)
    branch: Named[str] = Column(_TEXT)
    outcome: Named[str] = Column(_TEXT)
    status: Named[int] = Column(_BIG)
    address: Named[str] = Column(_TEXT)
    request_id: Named[str] = Column(_TEXT)
    reason: Named[str] = Column(_TEXT)


AuditRow = Table("audit_log", METADATA, AuditColumns, sqlite_autoincrement=True)
