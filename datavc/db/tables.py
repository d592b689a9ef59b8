"""Every table, typed. Queries live in the modules next to this one.

Content digests and datum keys are raw bytes; ids that people type (commits, jobs, runs) are
lower-case hex text, so that a prefix of one is a range of the primary key.
"""

from __future__ import annotations

from typing import Annotated

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# Byte order on both databases: PostgreSQL's default collation may sort names by language.
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
# SQLite numbers rows by itself only when the key's type is spelled INTEGER.
_BIG = BigInteger().with_variant(Integer(), "sqlite")

RowId = Annotated[int, mapped_column(_BIG, primary_key=True, autoincrement=True)]
RepoId = Annotated[
    int, mapped_column(_BIG, ForeignKey("repos.id", ondelete="CASCADE"), primary_key=True)
]
JobId = Annotated[
    str, mapped_column(_TEXT, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
]


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012
        str: _TEXT,
        int: _BIG,
        bytes: LargeBinary(),
        dict[str, object]: JSON(),
        list[str]: JSON(),
        list[dict[str, str | None]]: JSON(),
    }


class Repo(Base):
    """A repo."""

    __tablename__ = "repos"
    # Ids are never used twice, so the ref log of a deleted repo stays its own.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str]
    default_branch: Mapped[str]
    created_us: Mapped[int]


class Branch(Base):
    """A branch; ``head`` is null before its first commit."""

    __tablename__ = "branches"

    repo_id: Mapped[RepoId]
    name: Mapped[str] = mapped_column(primary_key=True)
    head: Mapped[str | None] = mapped_column(ForeignKey("commits.id"))
    updated_us: Mapped[int]


class Tag(Base):
    """A tag."""

    __tablename__ = "tags"

    repo_id: Mapped[RepoId]
    name: Mapped[str] = mapped_column(primary_key=True)
    commit_id: Mapped[str] = mapped_column(ForeignKey("commits.id"))
    created_us: Mapped[int]
    author: Mapped[str]


class RefMove(Base):
    """One move of a branch or tag. Outlives the repo, so it names it instead of referring."""

    __tablename__ = "ref_log"
    __table_args__ = (Index(None, "repo_id", "name", "id"), {"sqlite_autoincrement": True})

    id: Mapped[RowId]
    repo_id: Mapped[int]
    repo: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    old: Mapped[str | None]
    new: Mapped[str | None]
    author: Mapped[str]
    reason: Mapped[str]
    time_us: Mapped[int]


class Commit(Base):
    """A commit, and where its tree's root node lies."""

    __tablename__ = "commits"

    id: Mapped[str] = mapped_column(primary_key=True)
    repo_id: Mapped[int] = mapped_column(ForeignKey("repos.id", ondelete="CASCADE"), index=True)
    author: Mapped[str]
    message: Mapped[str]
    time_us: Mapped[int]
    run_id: Mapped[str] = mapped_column(index=True)
    tree_digest: Mapped[bytes]
    tree_pack: Mapped[bytes | None]
    tree_offset: Mapped[int | None]
    tree_length: Mapped[int | None]
    files: Mapped[int]
    content_bytes: Mapped[int]
    pipeline: Mapped[str | None]
    pipeline_digest: Mapped[str | None]


class CommitParent(Base):
    """``parent_id`` is parent number ``position`` (0 = the first parent) of ``commit_id``."""

    __tablename__ = "commit_parents"

    commit_id: Mapped[str] = mapped_column(
        ForeignKey("commits.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    parent_id: Mapped[str] = mapped_column(index=True)


class Provenance(Base):
    """``downstream`` was made from ``upstream``, which may be in a repo deleted since."""

    __tablename__ = "provenance"

    downstream: Mapped[str] = mapped_column(
        ForeignKey("commits.id", ondelete="CASCADE"), primary_key=True
    )
    upstream: Mapped[str] = mapped_column(primary_key=True, index=True)


class Staged(Base):
    """A change set in a branch's staging; ids give the order."""

    __tablename__ = "staging"
    __table_args__ = (
        ForeignKeyConstraint(
            ["repo_id", "branch"], ["branches.repo_id", "branches.name"], ondelete="CASCADE"
        ),
        Index(None, "repo_id", "branch", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[RowId]
    repo_id: Mapped[int]
    branch: Mapped[str]
    author: Mapped[str]
    staged_us: Mapped[int]
    digest: Mapped[bytes]
    pack: Mapped[bytes]
    offset: Mapped[int]
    length: Mapped[int]
    puts: Mapped[int]
    removals: Mapped[int]
    content_bytes: Mapped[int]


class OutboxEvent(Base):
    """Something that happened, for engines to act upon; gone once it is acknowledged."""

    __tablename__ = "outbox"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[RowId]
    kind: Mapped[str]
    payload: Mapped[dict[str, object]]
    created_us: Mapped[int]
    owner: Mapped[str | None]
    #: 0 when nobody has claimed it.
    lease_until_us: Mapped[int]


class Pack(Base):
    """A durable pack."""

    __tablename__ = "packs"

    id: Mapped[bytes] = mapped_column(primary_key=True)
    size: Mapped[int]
    #: Chunks that the index was told of when the pack was added.
    chunks: Mapped[int]
    created_us: Mapped[int]


class Chunk(Base):
    """Where a chunk lies: the deduplication hint."""

    __tablename__ = "chunks"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    pack: Mapped[bytes]
    offset: Mapped[int]
    length: Mapped[int]
    size: Mapped[int]


class Pipeline(Base):
    """A pipeline; what it does is in its versions."""

    __tablename__ = "pipelines"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(unique=True)
    #: The current version.
    version: Mapped[int]
    #: ``running`` or ``stopped``.
    state: Mapped[str]
    #: Jobs made so far; gives each job its place in the queue.
    job_count: Mapped[int]


class PipelineVersion(Base):
    """One version of a pipeline; only ``image_digest`` is filled in later, once."""

    __tablename__ = "pipeline_versions"

    pipeline_id: Mapped[int] = mapped_column(
        ForeignKey("pipelines.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    spec: Mapped[dict[str, object]]
    digest: Mapped[str]
    #: Sets the datum keys apart from those of equal code before a forced reprocessing.
    salt: Mapped[str]
    #: What the image turned out to be when the version first ran.
    image_digest: Mapped[str | None]
    output_repo: Mapped[str] = mapped_column(index=True)
    output_branch: Mapped[str]
    author: Mapped[str]
    created_us: Mapped[int]


class PipelineInput(Base):
    """A branch that a pipeline version reads."""

    __tablename__ = "pipeline_inputs"
    __table_args__ = (
        ForeignKeyConstraint(
            ["pipeline_id", "version"],
            ["pipeline_versions.pipeline_id", "pipeline_versions.version"],
            ondelete="CASCADE",
        ),
        Index(None, "repo", "branch"),
    )

    pipeline_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: Place in the spec.
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    repo: Mapped[str]
    branch: Mapped[str]


class Job(Base):
    """A job."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("pipeline_id", "sequence"),
        Index(None, "pipeline_id", "state", "sequence"),
        Index(None, "state", "created_us"),
        CheckConstraint("sequence > 0", name="sequence"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    pipeline_id: Mapped[int] = mapped_column(ForeignKey("pipelines.id", ondelete="CASCADE"))
    version: Mapped[int]
    #: Place in the pipeline's queue: 1, 2, ...
    sequence: Mapped[int]
    run_id: Mapped[str] = mapped_column(index=True)
    state: Mapped[str]
    inputs: Mapped[list[dict[str, str | None]]]
    output: Mapped[str | None]
    executor: Mapped[str | None]
    reason: Mapped[str]
    datums_total: Mapped[int]
    datums_processed: Mapped[int]
    datums_skipped: Mapped[int]
    datums_failed: Mapped[int]
    created_us: Mapped[int]
    started_us: Mapped[int | None]
    finished_us: Mapped[int | None]
    owner: Mapped[str | None]
    lease_until_us: Mapped[int]
    meta_digest: Mapped[bytes | None]
    meta_pack: Mapped[bytes | None]
    meta_offset: Mapped[int | None]
    meta_length: Mapped[int | None]
    meta_files: Mapped[int]
    meta_bytes: Mapped[int]


class JobDependency(Base):
    """``job_id`` waits until ``upstream_id`` is over."""

    __tablename__ = "job_dependencies"

    job_id: Mapped[JobId]
    upstream_id: Mapped[str] = mapped_column(
        ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class DatumResult(Base):
    """The output of a datum key that has succeeded in a pipeline."""

    __tablename__ = "datum_results"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    pipeline_id: Mapped[int] = mapped_column(
        ForeignKey("pipelines.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[bytes] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    pack: Mapped[bytes]
    offset: Mapped[int]
    length: Mapped[int]
    puts: Mapped[int]
    removals: Mapped[int]
    content_bytes: Mapped[int]
    seconds: Mapped[float]
    created_us: Mapped[int]


class JobDatum(Base):
    """A datum that a job ran."""

    __tablename__ = "job_datums"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    job_id: Mapped[JobId]
    key: Mapped[bytes] = mapped_column(primary_key=True)
    state: Mapped[str]
    inputs: Mapped[list[str]]
    seconds: Mapped[float]
    exit_code: Mapped[int | None]
    reason: Mapped[str]
    log_digest: Mapped[bytes | None]
    log_size: Mapped[int | None]
    log_pack: Mapped[bytes | None]
    log_offset: Mapped[int | None]
    log_length: Mapped[int | None]


class JobEvent(Base):
    """A line that the engine says of a job."""

    __tablename__ = "job_events"
    __table_args__ = (Index(None, "job_id", "id"),)

    id: Mapped[RowId]
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    time_us: Mapped[int]
    text: Mapped[str]


class Token(Base):
    """A token that lets a client in. Only its hash is kept."""

    __tablename__ = "tokens"

    name: Mapped[str] = mapped_column(primary_key=True)
    hash: Mapped[bytes] = mapped_column(unique=True)
    created_us: Mapped[int]
    expires_us: Mapped[int | None]
