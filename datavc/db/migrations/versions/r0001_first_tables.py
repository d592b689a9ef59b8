"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create all tables."""
    op.create_table(
        "chunks",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("pack", sa.LargeBinary(), nullable=False),
        sa.Column("offset", _BIG, nullable=False),
        sa.Column("length", _BIG, nullable=False),
        sa.Column("size", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_chunks")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outbox",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_us", _BIG, nullable=False),
        sa.Column("owner", _TEXT, nullable=True),
        sa.Column("lease_until_us", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "packs",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("size", _BIG, nullable=False),
        sa.Column("chunks", _BIG, nullable=False),
        sa.Column("created_us", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_packs")),
    )
    op.create_table(
        "pipelines",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("version", _BIG, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("job_count", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipelines")),
        sa.UniqueConstraint("name", name=op.f("uq_pipelines_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ref_log",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("repo_id", _BIG, nullable=False),
        sa.Column("repo", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("old", _TEXT, nullable=True),
        sa.Column("new", _TEXT, nullable=True),
        sa.Column("author", _TEXT, nullable=False),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("time_us", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ref_log")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_ref_log_repo_id_name_id"), "ref_log", ["repo_id", "name", "id"], unique=False
    )
    op.create_table(
        "repos",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("description", _TEXT, nullable=False),
        sa.Column("default_branch", _TEXT, nullable=False),
        sa.Column("created_us", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repos")),
        sa.UniqueConstraint("name", name=op.f("uq_repos_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "commits",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("repo_id", _BIG, nullable=False),
        sa.Column("author", _TEXT, nullable=False),
        sa.Column("message", _TEXT, nullable=False),
        sa.Column("time_us", _BIG, nullable=False),
        sa.Column("run_id", _TEXT, nullable=False),
        sa.Column("tree_digest", sa.LargeBinary(), nullable=False),
        sa.Column("tree_pack", sa.LargeBinary(), nullable=True),
        sa.Column("tree_offset", _BIG, nullable=True),
        sa.Column("tree_length", _BIG, nullable=True),
        sa.Column("files", _BIG, nullable=False),
        sa.Column("content_bytes", _BIG, nullable=False),
        sa.Column("pipeline", _TEXT, nullable=True),
        sa.Column("pipeline_digest", _TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["repo_id"], ["repos.id"], name=op.f("fk_commits_repo_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commits")),
    )
    op.create_index(op.f("ix_commits_repo_id"), "commits", ["repo_id"], unique=False)
    op.create_index(op.f("ix_commits_run_id"), "commits", ["run_id"], unique=False)
    op.create_table(
        "datum_results",
        sa.Column("pipeline_id", _BIG, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("pack", sa.LargeBinary(), nullable=False),
        sa.Column("offset", _BIG, nullable=False),
        sa.Column("length", _BIG, nullable=False),
        sa.Column("puts", _BIG, nullable=False),
        sa.Column("removals", _BIG, nullable=False),
        sa.Column("content_bytes", _BIG, nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("created_us", _BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["pipeline_id"],
            ["pipelines.id"],
            name=op.f("fk_datum_results_pipeline_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pipeline_id", "key", name=op.f("pk_datum_results")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "jobs",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("pipeline_id", _BIG, nullable=False),
        sa.Column("version", _BIG, nullable=False),
        sa.Column("sequence", _BIG, nullable=False),
        sa.Column("run_id", _TEXT, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("output", _TEXT, nullable=True),
        sa.Column("executor", _TEXT, nullable=True),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("datums_total", _BIG, nullable=False),
        sa.Column("datums_processed", _BIG, nullable=False),
        sa.Column("datums_skipped", _BIG, nullable=False),
        sa.Column("datums_failed", _BIG, nullable=False),
        sa.Column("created_us", _BIG, nullable=False),
        sa.Column("started_us", _BIG, nullable=True),
        sa.Column("finished_us", _BIG, nullable=True),
        sa.Column("owner", _TEXT, nullable=True),
        sa.Column("lease_until_us", _BIG, nullable=False),
        sa.Column("meta_digest", sa.LargeBinary(), nullable=True),
        sa.Column("meta_pack", sa.LargeBinary(), nullable=True),
        sa.Column("meta_offset", _BIG, nullable=True),
        sa.Column("meta_length", _BIG, nullable=True),
        sa.Column("meta_files", _BIG, nullable=False),
        sa.Column("meta_bytes", _BIG, nullable=False),
        sa.CheckConstraint("sequence > 0", name=op.f("ck_jobs_sequence")),
        sa.ForeignKeyConstraint(
            ["pipeline_id"], ["pipelines.id"], name=op.f("fk_jobs_pipeline_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("pipeline_id", "sequence", name=op.f("uq_jobs_pipeline_id_sequence")),
    )
    op.create_index(
        op.f("ix_jobs_pipeline_id_state_sequence"),
        "jobs",
        ["pipeline_id", "state", "sequence"],
        unique=False,
    )
    op.create_index(op.f("ix_jobs_run_id"), "jobs", ["run_id"], unique=False)
    op.create_index(op.f("ix_jobs_state_created_us"), "jobs", ["state", "created_us"], unique=False)
    op.create_table(
        "pipeline_versions",
        sa.Column("pipeline_id", _BIG, nullable=False),
        sa.Column("version", _BIG, autoincrement=False, nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("digest", _TEXT, nullable=False),
        sa.Column("salt", _TEXT, nullable=False),
        sa.Column("image_digest", _TEXT, nullable=True),
        sa.Column("output_repo", _TEXT, nullable=False),
        sa.Column("output_branch", _TEXT, nullable=False),
        sa.Column("author", _TEXT, nullable=False),
        sa.Column("created_us", _BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["pipeline_id"],
            ["pipelines.id"],
            name=op.f("fk_pipeline_versions_pipeline_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pipeline_id", "version", name=op.f("pk_pipeline_versions")),
    )
    op.create_index(
        op.f("ix_pipeline_versions_output_repo"), "pipeline_versions", ["output_repo"], unique=False
    )
    op.create_table(
        "branches",
        sa.Column("repo_id", _BIG, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("head", _TEXT, nullable=True),
        sa.Column("updated_us", _BIG, nullable=False),
        sa.ForeignKeyConstraint(["head"], ["commits.id"], name=op.f("fk_branches_head")),
        sa.ForeignKeyConstraint(
            ["repo_id"], ["repos.id"], name=op.f("fk_branches_repo_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("repo_id", "name", name=op.f("pk_branches")),
    )
    op.create_table(
        "commit_parents",
        sa.Column("commit_id", _TEXT, nullable=False),
        sa.Column("position", _BIG, autoincrement=False, nullable=False),
        sa.Column("parent_id", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["commit_id"],
            ["commits.id"],
            name=op.f("fk_commit_parents_commit_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("commit_id", "position", name=op.f("pk_commit_parents")),
    )
    op.create_index(
        op.f("ix_commit_parents_parent_id"), "commit_parents", ["parent_id"], unique=False
    )
    op.create_table(
        "job_datums",
        sa.Column("job_id", _TEXT, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("exit_code", _BIG, nullable=True),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("log_digest", sa.LargeBinary(), nullable=True),
        sa.Column("log_size", _BIG, nullable=True),
        sa.Column("log_pack", sa.LargeBinary(), nullable=True),
        sa.Column("log_offset", _BIG, nullable=True),
        sa.Column("log_length", _BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_job_datums_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "key", name=op.f("pk_job_datums")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "job_dependencies",
        sa.Column("job_id", _TEXT, nullable=False),
        sa.Column("upstream_id", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_job_dependencies_job_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["upstream_id"],
            ["jobs.id"],
            name=op.f("fk_job_dependencies_upstream_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("job_id", "upstream_id", name=op.f("pk_job_dependencies")),
    )
    op.create_index(
        op.f("ix_job_dependencies_upstream_id"), "job_dependencies", ["upstream_id"], unique=False
    )
    op.create_table(
        "job_events",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("job_id", _TEXT, nullable=False),
        sa.Column("time_us", _BIG, nullable=False),
        sa.Column("text", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_job_events_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_events")),
    )
    op.create_index(op.f("ix_job_events_job_id_id"), "job_events", ["job_id", "id"], unique=False)
    op.create_table(
        "pipeline_inputs",
        sa.Column("pipeline_id", _BIG, autoincrement=False, nullable=False),
        sa.Column("version", _BIG, autoincrement=False, nullable=False),
        sa.Column("position", _BIG, autoincrement=False, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("repo", _TEXT, nullable=False),
        sa.Column("branch", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["pipeline_id", "version"],
            ["pipeline_versions.pipeline_id", "pipeline_versions.version"],
            name=op.f("fk_pipeline_inputs_pipeline_id_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "pipeline_id", "version", "position", name=op.f("pk_pipeline_inputs")
        ),
    )
    op.create_index(
        op.f("ix_pipeline_inputs_repo_branch"), "pipeline_inputs", ["repo", "branch"], unique=False
    )
    op.create_table(
        "provenance",
        sa.Column("downstream", _TEXT, nullable=False),
        sa.Column("upstream", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["downstream"],
            ["commits.id"],
            name=op.f("fk_provenance_downstream"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("downstream", "upstream", name=op.f("pk_provenance")),
    )
    op.create_index(op.f("ix_provenance_upstream"), "provenance", ["upstream"], unique=False)
    op.create_table(
        "tags",
        sa.Column("repo_id", _BIG, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("commit_id", _TEXT, nullable=False),
        sa.Column("created_us", _BIG, nullable=False),
        sa.Column("author", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(["commit_id"], ["commits.id"], name=op.f("fk_tags_commit_id")),
        sa.ForeignKeyConstraint(
            ["repo_id"], ["repos.id"], name=op.f("fk_tags_repo_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("repo_id", "name", name=op.f("pk_tags")),
    )
    op.create_table(
        "staging",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("repo_id", _BIG, nullable=False),
        sa.Column("branch", _TEXT, nullable=False),
        sa.Column("author", _TEXT, nullable=False),
        sa.Column("staged_us", _BIG, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("pack", sa.LargeBinary(), nullable=False),
        sa.Column("offset", _BIG, nullable=False),
        sa.Column("length", _BIG, nullable=False),
        sa.Column("puts", _BIG, nullable=False),
        sa.Column("removals", _BIG, nullable=False),
        sa.Column("content_bytes", _BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["repo_id", "branch"],
            ["branches.repo_id", "branches.name"],
            name=op.f("fk_staging_repo_id_branch"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staging")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_staging_repo_id_branch_id"), "staging", ["repo_id", "branch", "id"], unique=False
    )


def downgrade() -> None:
    """Drop all tables."""
    for table in (
        "staging",
        "tags",
        "provenance",
        "pipeline_inputs",
        "job_events",
        "job_dependencies",
        "job_datums",
        "commit_parents",
        "branches",
        "pipeline_versions",
        "jobs",
        "datum_results",
        "commits",
        "repos",
        "ref_log",
        "pipelines",
        "packs",
        "outbox",
        "chunks",
    ):
        op.drop_table(table)
