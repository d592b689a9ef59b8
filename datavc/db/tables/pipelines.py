"""Pipelines, their versions and inputs, and the secrets that they use."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Named,
    Table,
    TypedColumns,
)

from datavc.db.tables.columns import BIG, METADATA, TEXT


class PipelineColumns(TypedColumns):
    """A pipeline; what it does is in its versions."""

    id: Named[int] = Column(BIG, primary_key=True, autoincrement=True)
    name: Named[str] = Column(TEXT, unique=True)
    #: The current version.
    version: Named[int] = Column(BIG)
    #: ``running`` or ``stopped``.
    state: Named[str] = Column(TEXT)
    #: Jobs made so far; gives each job its place in the queue.
    job_count: Named[int] = Column(BIG)


Pipeline = Table("pipelines", METADATA, PipelineColumns, sqlite_autoincrement=True)


class PipelineVersionColumns(TypedColumns):
    """One version of a pipeline; only ``image_digest`` is filled in later, once."""

    pipeline_id: Named[int] = Column(
        BIG, ForeignKey("pipelines.id", ondelete="CASCADE"), primary_key=True
    )
    version: Named[int] = Column(BIG, primary_key=True, autoincrement=False)
    spec: Named[dict[str, object]] = Column(JSON)
    digest: Named[str] = Column(TEXT)
    #: Sets the datum keys apart from those of equal code before a forced reprocessing.
    salt: Named[str] = Column(TEXT)
    #: What the image turned out to be when the version first ran.
    image_digest: Named[str | None] = Column(TEXT)
    output_repo: Named[str] = Column(TEXT, index=True)
    output_branch: Named[str] = Column(TEXT)
    author: Named[str] = Column(TEXT)
    created_us: Named[int] = Column(BIG)


PipelineVersion = Table("pipeline_versions", METADATA, PipelineVersionColumns)


class PipelineInputColumns(TypedColumns):
    """A branch that a pipeline version reads."""

    pipeline_id: Named[int] = Column(BIG, primary_key=True, autoincrement=False)
    version: Named[int] = Column(BIG, primary_key=True, autoincrement=False)
    #: Place in the spec.
    position: Named[int] = Column(BIG, primary_key=True, autoincrement=False)
    name: Named[str] = Column(TEXT)
    repo: Named[str] = Column(TEXT)
    branch: Named[str] = Column(TEXT)


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
        BIG, ForeignKey("pipelines.id", ondelete="CASCADE"), primary_key=True
    )
    #: Where its ticks are committed.
    repo: Named[str] = Column(TEXT, primary_key=True)
    next_us: Named[int] = Column(BIG, index=True)
    #: Whether the repo was made for it.
    made_repo: Named[int] = Column(BIG)


CronInput = Table("cron_inputs", METADATA, CronInputColumns)


class SecretColumns(TypedColumns):
    """A secret; ``sealed`` holds its values, encrypted."""

    name: Named[str] = Column(TEXT, primary_key=True)
    value_names: Named[list[str]] = Column(JSON)
    sealed: Named[bytes] = Column(LargeBinary)
    author: Named[str] = Column(TEXT)
    created_us: Named[int] = Column(BIG)


Secret = Table("secrets", METADATA, SecretColumns)
