"""Changes of jobs, in turn, and their parameters; webhooks that come in, and their messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

#: What people see of a job. Leases, which are renewed all the time, are not among it.
_SEEN = (
    "version", "state", "output", "executor", "reason", "datums_total", "datums_processed",
    "datums_skipped", "datums_failed", "datums_recovered", "started_us", "finished_us",
)  # fmt: skip

_SQLITE_NOTE = (
    "BEGIN DELETE FROM job_changes WHERE job_id = NEW.id; "
    "INSERT INTO job_changes (job_id, xact) VALUES (NEW.id, 0); END"
)
_POSTGRESQL_NOTE = """
CREATE FUNCTION job_changes_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO job_changes (job_id, xact)
  VALUES (NEW.id, pg_current_xact_id()::text::bigint)
  ON CONFLICT (job_id) DO UPDATE SET change = EXCLUDED.change, xact = EXCLUDED.xact;
  PERFORM pg_notify('datavc_progress', '');
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Create the tables, and the triggers that note changes of jobs; jobs get parameters."""
    op.add_column(
        "jobs", sa.Column("parameters", sa.JSON(), nullable=False, server_default=sa.text("'{}'"))
    )
    op.create_table(
        "job_changes",
        sa.Column("change", _BIG, autoincrement=True, nullable=False),
        sa.Column("job_id", _TEXT, nullable=False),
        sa.Column("xact", _BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_job_changes_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("change", name=op.f("pk_job_changes")),
        sa.UniqueConstraint("job_id", name=op.f("uq_job_changes_job_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_job_changes_xact_change"), "job_changes", ["xact", "change"])
    if op.get_bind().dialect.name == "postgresql":
        _watch_postgresql()
    else:
        _watch_sqlite()
    _create_inbound_webhooks()


def _watch_postgresql() -> None:
    op.execute(_POSTGRESQL_NOTE)
    differs = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in _SEEN)
    # JSON has no equality there.
    differs += " OR OLD.inputs::text IS DISTINCT FROM NEW.inputs::text"
    op.execute(
        "CREATE TRIGGER job_changes_new AFTER INSERT ON jobs "
        "FOR EACH ROW EXECUTE FUNCTION job_changes_note()"
    )
    op.execute(
        "CREATE TRIGGER job_changes_update AFTER UPDATE ON jobs "
        f"FOR EACH ROW WHEN ({differs}) EXECUTE FUNCTION job_changes_note()"
    )


def _watch_sqlite() -> None:
    differs = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in (*_SEEN, "inputs"))
    op.execute(f"CREATE TRIGGER job_changes_new AFTER INSERT ON jobs {_SQLITE_NOTE}")
    op.execute(
        f"CREATE TRIGGER job_changes_update AFTER UPDATE ON jobs WHEN {differs} {_SQLITE_NOTE}"
    )


def _create_inbound_webhooks() -> None:
    op.create_table(
        "inbound_webhooks",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("pipeline", _TEXT, nullable=False),
        sa.Column("repo", _TEXT, nullable=False),
        sa.Column("branch", _TEXT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until_us", _BIG, nullable=False),
        sa.Column("disabled", _BIG, nullable=False),
        sa.Column("account", _TEXT, nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("author", _TEXT, nullable=False),
        sa.Column("created_us", _BIG, nullable=False),
        sa.Column("last_us", _BIG, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_webhooks")),
    )
    op.create_table(
        "inbound_messages",
        sa.Column("webhook", _TEXT, nullable=False),
        sa.Column("message", _TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("run_id", _TEXT, nullable=False),
        sa.Column("jobs", sa.JSON(), nullable=False),
        sa.Column("until_us", _BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["webhook"],
            ["inbound_webhooks.id"],
            name=op.f("fk_inbound_messages_webhook"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("webhook", "message", name=op.f("pk_inbound_messages")),
    )
    op.create_index(op.f("ix_inbound_messages_until_us"), "inbound_messages", ["until_us"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("inbound_messages")
    op.drop_table("inbound_webhooks")
    on_jobs = " ON jobs" if op.get_bind().dialect.name == "postgresql" else ""
    for trigger in ("job_changes_new", "job_changes_update"):
        op.execute(f"DROP TRIGGER {trigger}{on_jobs}")
    if on_jobs:
        op.execute("DROP FUNCTION job_changes_note()")
    op.drop_table("job_changes")
    op.drop_column("jobs", "parameters")
