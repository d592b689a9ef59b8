"""The outbox: events and their leases, the same on both databases."""

from __future__ import annotations

import pytest

from datavc.db import outbox
from datavc.db.session import Database


def test_events_are_claimed_by_one_until_the_lease_runs_out(database: Database) -> None:
    with database.write() as conn:
        first = outbox.add(conn, "commit_landed", {"repo": "data", "n": [1, None]}, time_us=1)
        second = outbox.add(conn, "tick", {}, time_us=2)
    with database.write() as conn:
        got = outbox.claim(conn, "a", 10, limit=1, at_us=1_000)
        assert got == [outbox.Event(first, "commit_landed", {"repo": "data", "n": [1, None]}, 1)]
        assert [event.id for event in outbox.claim(conn, "b", 10, at_us=1_000)] == [second]
        assert outbox.claim(conn, "c", 10, at_us=10_000_999) == []
    with database.write() as conn:
        again = outbox.claim(conn, "c", 10, limit=1, at_us=10_001_000)
        assert [event.id for event in again] == [first]
        assert outbox.ack(conn, "a", [first]) == 0
        assert outbox.ack(conn, "c", [first]) == 1
        outbox.release(conn, "a", [second])
        assert outbox.ack(conn, "b", [second]) == 1
        assert outbox.claim(conn, "d", 10, at_us=10**15) == []


def test_a_released_event_may_be_claimed_at_once(database: Database) -> None:
    with database.write() as conn:
        event = outbox.add(conn, "tick", {}, time_us=1)
        outbox.claim(conn, "a", 1000)
        assert outbox.claim(conn, "b", 1000) == []
        outbox.release(conn, "a", [event])
        assert [got.id for got in outbox.claim(conn, "b", 1000)] == [event]


def test_an_event_of_a_transaction_that_failed_never_happened(database: Database) -> None:
    def fail_after_adding() -> None:
        with database.write() as conn:
            outbox.add(conn, "tick", {}, time_us=1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_adding()
    with database.write() as conn:
        assert outbox.claim(conn, "a", 1) == []
