"""Accounts for the pipelines that are there, each with the roles that its spec needs."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_CURRENT = (
    "pipelines AS p JOIN pipeline_versions AS v ON v.pipeline_id = p.id AND v.version = p.version"
)
_WITH_ACCOUNT = f"{_CURRENT} JOIN accounts AS a ON a.name = 'pipeline:' || p.name"
_ROLE = (
    "INSERT INTO role_bindings (account_id, role, repos, branches, author, created_us) "
    "SELECT DISTINCT a.id, {role}, {place}, v.author, v.created_us FROM "
)
#: What a pipeline puts out, and what it reads; its ticks it writes as well.
_STATEMENTS = (
    "INSERT INTO accounts (name, kind, disabled, author, created_us) "  # noqa: S608
    f"SELECT 'pipeline:' || p.name, 'pipeline', 0, v.author, v.created_us FROM {_CURRENT}",
    _ROLE.format(role="'writer'", place="v.output_repo, v.output_branch") + _WITH_ACCOUNT,
    _ROLE.format(
        role="CASE WHEN c.repo IS NULL THEN 'reader' ELSE 'writer' END", place="i.repo, i.branch"
    )
    + f"{_WITH_ACCOUNT} "
    "JOIN pipeline_inputs AS i ON i.pipeline_id = p.id AND i.version = p.version "
    "LEFT JOIN cron_inputs AS c "
    "ON c.pipeline_id = p.id AND c.repo = i.repo AND i.branch = 'main'",
)


def upgrade() -> None:
    """Make them."""
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Delete them, with what hangs on them."""
    of_pipelines = "(SELECT id FROM accounts WHERE kind = 'pipeline')"
    for table in ("role_bindings", "tokens", "group_members", "repo_owners"):
        op.execute(f"DELETE FROM {table} WHERE account_id IN {of_pipelines}")  # noqa: S608
    op.execute(
        "DELETE FROM s3_keys WHERE account IN (SELECT name FROM accounts WHERE kind = 'pipeline')"
    )
    op.execute("DELETE FROM accounts WHERE kind = 'pipeline'")
