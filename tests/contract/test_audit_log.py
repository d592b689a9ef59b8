"""The audit log on both databases: rows are added, and neither changed nor deleted."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from datavc.access.audit import read_log, record
from datavc.db.session import Database
from datavc.errors import DatavcError
from datavc.model.audit import AuditEntry, AuditFilter, Outcome


def entry(number: int, **values: object) -> AuditEntry:
    known: dict[str, object] = {
        "id": 0,
        "time_us": number,
        "account": "ada",
        "token": "",
        "request": "POST /repos",
        "repo": "data",
        "branch": "",
        "outcome": Outcome.DONE,
        "status": 201,
        "address": "127.0.0.1",
        "request_id": f"{number:032x}",
        "reason": "",
    }
    return AuditEntry(**(known | values))  # type: ignore[arg-type]


def test_entries_are_found_by_what_they_say(database: Database) -> None:
    record(database, entry(1))
    record(database, entry(2, account="bob", outcome=Outcome.REFUSED, status=403, reason="no"))
    record(database, entry(3, repo="other"))
    record(database, entry(4, account="bob"))

    def times(limit: int = 10, before: int | None = None, **wanted: object) -> list[int]:
        found = read_log(database, AuditFilter(**wanted), limit, before)  # type: ignore[arg-type]
        return [one.time_us for one in found]

    assert times() == [4, 3, 2, 1]
    assert times(account="bob") == [4, 2]
    assert times(repo="other") == [3]
    assert times(outcome="refused") == [2]
    assert times(since_us=2, until_us=4) == [3, 2]
    assert times(account="bob", outcome="done") == [4]
    first = read_log(database, AuditFilter(), 2)
    assert times(before=first[-1].id) == [2, 1]
    assert read_log(database, AuditFilter(outcome="refused"), 1)[0].reason == "no"


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET account = 'x'", "DELETE FROM audit_log"]
)
def test_the_database_keeps_what_is_written(database: Database, statement: str) -> None:
    record(database, entry(1))
    with pytest.raises(DatavcError), database.write() as conn:
        conn.execute(text(statement))
    assert [one.account for one in read_log(database, AuditFilter(), 10)] == ["ada"]
