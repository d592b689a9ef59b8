"""Requests that were carried out, the same on both databases."""

from __future__ import annotations

from datavc.db import requests
from datavc.db.session import Database


def test_a_key_is_remembered_once(database: Database) -> None:
    with database.write() as conn:
        assert requests.add(conn, "key", b"one", {"commit": "c"}, time_us=1)
        assert not requests.add(conn, "key", b"two", {}, time_us=2)
    with database.read() as conn:
        assert requests.find(conn, "key") == requests.RequestRow(b"one", {"commit": "c"})
        assert requests.find(conn, "other") is None


def test_old_ones_are_forgotten(database: Database) -> None:
    with database.write() as conn:
        requests.add(conn, "old", b"", {}, time_us=1)
        requests.add(conn, "young", b"", {}, time_us=2)
        requests.add(conn, "new", b"", {}, time_us=2 + requests.REMEMBERED_US)
        assert requests.find(conn, "old") is None
        assert requests.find(conn, "young") is not None
