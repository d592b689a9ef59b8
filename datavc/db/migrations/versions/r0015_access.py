"""Accounts, groups, roles, tokens, owners of repos, and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_SQLITE_GUARD = (
    "CREATE TRIGGER audit_log_no_{verb} BEFORE {verb} ON audit_log "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
)
_POSTGRESQL_GUARD = (
    "CREATE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$",
    "CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse()",
)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "accounts",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("disabled", _BIG, nullable=False),
        sa.Column("issuer", _TEXT, nullable=True),
        sa.Column("subject", _TEXT, nullable=True),
        sa.Column("max_bytes", _BIG, nullable=True),
        sa.Column("max_repos", _BIG, nullable=True),
        sa.Column("requests_per_minute", _BIG, nullable=True),
        sa.Column("author", _TEXT, nullable=False),
        sa.Column("created_us", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("name", name=op.f("uq_accounts_name")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_accounts_issuer_subject")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "account_groups",
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("author", _TEXT, nullable=False),
        sa.Column("created_us", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_account_groups")),
    )
    op.create_table(
        "group_members",
        sa.Column("group_name", _TEXT, nullable=False),
        sa.Column("account_id", _BIG, nullable=False),
        _reference("group_members", "group_name", "account_groups.name"),
        _reference("group_members", "account_id", "accounts.id"),
        sa.PrimaryKeyConstraint("group_name", "account_id", name=op.f("pk_group_members")),
    )
    op.create_index(op.f("ix_group_members_account_id"), "group_members", ["account_id"])
    op.create_table(
        "role_bindings",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("account_id", _BIG, nullable=True),
        sa.Column("group_name", _TEXT, nullable=True),
        sa.Column("role", _TEXT, nullable=False),
        sa.Column("repos", _TEXT, nullable=False),
        sa.Column("branches", _TEXT, nullable=False),
        sa.Column("author", _TEXT, nullable=False),
        sa.Column("created_us", _BIG, nullable=False),
        sa.CheckConstraint(
            "(account_id IS NULL) <> (group_name IS NULL)",
            name=op.f("ck_role_bindings_one_holder"),
        ),
        _reference("role_bindings", "account_id", "accounts.id"),
        _reference("role_bindings", "group_name", "account_groups.name"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_bindings")),
    )
    op.create_index(op.f("ix_role_bindings_account_id"), "role_bindings", ["account_id"])
    op.create_index(op.f("ix_role_bindings_group_name"), "role_bindings", ["group_name"])
    _create_tokens_and_owners()
    _create_audit_log()


def _create_tokens_and_owners() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("account_id", _BIG, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_us", _BIG, nullable=False),
        sa.Column("expires_us", _BIG, nullable=True),
        sa.Column("last_used_us", _BIG, nullable=True),
        sa.Column("revoked_us", _BIG, nullable=True),
        _reference("tokens", "account_id", "accounts.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
    )
    op.create_index(op.f("ix_tokens_account_id"), "tokens", ["account_id"])
    op.create_table(
        "repo_owners",
        sa.Column("repo_id", _BIG, nullable=False),
        sa.Column("account_id", _BIG, nullable=False),
        _reference("repo_owners", "repo_id", "repos.id"),
        _reference("repo_owners", "account_id", "accounts.id"),
        sa.PrimaryKeyConstraint("repo_id", name=op.f("pk_repo_owners")),
    )
    op.create_index(op.f("ix_repo_owners_account_id"), "repo_owners", ["account_id"])


def _create_audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", _BIG, autoincrement=True, nullable=False),
        sa.Column("time_us", _BIG, nullable=False),
        sa.Column("account", _TEXT, nullable=False),
        sa.Column("token", _TEXT, nullable=False),
        sa.Column("request", _TEXT, nullable=False),
        sa.Column("repo", _TEXT, nullable=False),
        sa.Column("branch", _TEXT, nullable=False),
        sa.Column("outcome", _TEXT, nullable=False),
        sa.Column("status", _BIG, nullable=False),
        sa.Column("address", _TEXT, nullable=False),
        sa.Column("request_id", _TEXT, nullable=False),
        sa.Column("reason", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_audit_log_time_us"), "audit_log", ["time_us"])
    if op.get_bind().dialect.name == "postgresql":
        for statement in _POSTGRESQL_GUARD:
            op.execute(statement)
    else:
        for verb in ("UPDATE", "DELETE"):
            op.execute(_SQLITE_GUARD.format(verb=verb))


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [target], name=name, ondelete="CASCADE")


def downgrade() -> None:
    """Drop them."""
    for table in ("audit_log", "repo_owners", "tokens", "role_bindings", "group_members"):
        op.drop_table(table)
    for table in ("account_groups", "accounts"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_log_refuse()")
