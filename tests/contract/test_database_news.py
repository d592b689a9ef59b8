"""Waiting for others to change the database: the same on both databases."""

from __future__ import annotations

import contextlib
import threading
import time

import pytest

from datavc.db import outbox
from datavc.db.session import Database


def add_event(database: Database) -> None:
    with database.write() as conn:
        outbox.add(conn, "kind", {"run_id": "r"}, time_us=1)


def test_what_others_do_ends_the_waiting(database: Database) -> None:
    with contextlib.closing(database.news()) as news:
        assert not news.wait(0)
        threading.Timer(0.2, add_event, [database]).start()
        started = time.monotonic()
        assert news.wait(60)
        assert time.monotonic() - started < 60
        assert not news.wait(0.2)
        add_event(database)
        assert news.wait(60)


def test_what_was_undone_is_no_news(database: Database) -> None:
    with contextlib.closing(database.news()) as news:
        assert not news.wait(0)
        with contextlib.suppress(RuntimeError), database.write() as conn:
            outbox.add(conn, "kind", {}, time_us=1)
            raise RuntimeError
        with database.read() as conn:
            outbox.has_event_of(conn, "r")
        assert not news.wait(0.3)


@pytest.mark.postgres
def test_a_connection_that_breaks_is_made_anew(postgres_with_tables: str) -> None:
    database = Database.open(postgres_with_tables)
    with contextlib.closing(database), contextlib.closing(database.news()) as news:
        assert not news.wait(0)
        with database.write() as conn:
            conn.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE query LIKE 'LISTEN%%' AND datname = current_database()"
            )
        # Something may have been missed meanwhile.
        assert news.wait(10)
        while news.wait(0.5):
            pass
        add_event(database)
        assert news.wait(10)
