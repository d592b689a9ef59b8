"""Probes: whether the process lives, and whether it can work."""

from __future__ import annotations

import pytest

from datavc.errors import DatabaseUnavailable, StoreUnavailable

TOKEN = "a-token-that-is-long-enough"


@pytest.mark.parametrize("probe", ["live", "ready"])
def test_probes_take_no_token_and_tell_nothing(make_client, probe) -> None:
    answer = make_client(token=TOKEN).get(f"/health/{probe}")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_nothing_behind_a_probe_is_open(make_client) -> None:
    for path in ("/health/live/", "/health/ready/x", "/health/live%2F..%2F..%2Frepos"):
        assert make_client(token=TOKEN).get(path).status_code == 401


def test_without_its_database_a_server_lives_and_is_not_ready(client, vs, monkeypatch) -> None:
    def fail() -> None:
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(vs.db, "read", fail)
    assert client.get("/health/live").status_code == 200
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")


def test_without_its_store_a_server_is_not_ready(client, vs, monkeypatch) -> None:
    def fail(_key: str) -> int:
        raise StoreUnavailable("away")

    monkeypatch.setattr(vs.objects.backend, "size", fail)
    assert client.get("/health/live").status_code == 200
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
