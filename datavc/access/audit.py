"""The audit log: what was changed, and what was refused."""

from __future__ import annotations

from datavc.db import audit_log
from datavc.db.session import Database
from datavc.model.audit import AuditEntry, AuditFilter


def record(db: Database, entry: AuditEntry) -> None:
    """Add an entry to the log."""
    # A killed process loses nothing so; a power cut may take the last moments along.
    with db.write(durable=False) as conn:
        audit_log.add(conn, entry)


def read_log(
    db: Database, wanted: AuditFilter, limit: int, before: int | None = None
) -> list[AuditEntry]:
    """Entries, newest first; from the first one on that is older than the id *before*."""
    with db.read() as conn:
        return audit_log.find(conn, wanted, limit, before)
