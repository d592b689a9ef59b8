"""Queries on the audit log, to which rows are only ever added."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, select

from datavc.db.tables import AuditRow
from datavc.model.audit import AuditEntry, AuditFilter, Outcome


def add(conn: Connection, entry: AuditEntry) -> None:
    """Add an entry; its id is given by the database."""
    values = asdict(entry) | {"outcome": entry.outcome.value}
    del values["id"]
    conn.execute(AuditRow.insert().values(**values))


def find(
    conn: Connection, wanted: AuditFilter, limit: int, before: int | None = None
) -> list[AuditEntry]:
    """Entries, newest first; from the first one on that is older than the id *before*."""
    columns = AuditRow.c
    statement = select(AuditRow).order_by(columns.id.desc()).limit(limit)
    if wanted.account:
        statement = statement.where(columns.account == wanted.account)
    if wanted.repo:
        statement = statement.where(columns.repo == wanted.repo)
    if wanted.outcome:
        statement = statement.where(columns.outcome == wanted.outcome)
    if wanted.since_us is not None:
        statement = statement.where(columns.time_us >= wanted.since_us)
    if wanted.until_us is not None:
        statement = statement.where(columns.time_us < wanted.until_us)
    if before is not None:
        statement = statement.where(columns.id < before)
    return [
        AuditEntry(**{**row._mapping, "outcome": Outcome(row.outcome)})
        for row in conn.execute(statement)
    ]
