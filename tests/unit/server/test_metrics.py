"""What Prometheus reads of a server."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from datavc.errors import DatabaseUnavailable, InvalidInput
from datavc_server import metrics as module
from datavc_server.metrics import _FRESH_S
from datavc_server.serving import metrics_address

TOKEN = "0123456789abcdef"


def read(client: httpx.Client) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = client.get("/metrics").raise_for_status()
    assert answer.headers["Content-Type"].startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(found: dict[Any, float], name: str, **labels: str) -> float:
    return found.get((name, tuple(sorted(labels.items()))), 0.0)


@pytest.fixture(autouse=True)
def fresh(monkeypatch) -> None:
    """Figures of the database are read anew each time."""
    assert _FRESH_S > 0
    monkeypatch.setattr(module, "_FRESH_S", -1.0)


def test_requests_are_counted_by_route_and_not_by_what_they_name(client, repo) -> None:
    labels = {"method": "GET", "route": "/repos/{repo}", "status": "200"}
    before = read(client)
    for _ in range(3):
        client.get(f"/repos/{repo}")
    client.get("/nothing/of/the/kind")
    client.request("PROPFIND", f"/repos/{repo}/invented")
    after = read(client)
    name = "datavc_http_requests_total"
    assert value(after, name, **labels) == value(before, name, **labels) + 3
    for method in ("GET", "other"):
        lost = {"method": method, "route": "none", "status": "404"}
        assert value(after, name, **lost) == value(before, name, **lost) + 1
    assert repo not in client.get("/metrics").text
    assert value(after, "datavc_http_requests_in_progress") == 1.0


def test_bytes_commits_and_what_was_not_stored_again(client, repo) -> None:
    body = uuid4().bytes * 100_000
    before = read(client)
    for name in ("a", "b"):
        url = f"/repos/{repo}/refs/main/files/{name}"
        client.put(url, content=body, params={"message": "x"}).raise_for_status()
    client.get(f"/repos/{repo}/refs/main/files/a")
    after = read(client)

    def grown(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert grown("datavc_http_received_bytes_total") == 2 * len(body)
    assert grown("datavc_http_sent_bytes_total") > len(body)
    assert grown("datavc_put_bytes_total") == 2 * len(body)
    assert 0 < grown("datavc_stored_bytes_total") < len(body)
    assert grown("datavc_commits_made_total") == grown("datavc_commits") == 2
    # No engine runs: what landed waits for one.
    assert grown("datavc_outbox_events") == 2
    assert value(after, "datavc_outbox_age_seconds") > 0


def test_collections_are_counted(client) -> None:
    before = value(read(client), "datavc_gc_runs_total")
    client.post("/gc", json={"dry_run": True}).raise_for_status()
    client.post("/gc", json={}).raise_for_status()
    assert value(read(client), "datavc_gc_runs_total") == before + 1


def test_a_database_that_is_away_leaves_the_rest_to_who_is_known_without_it(
    client, make_client, vs, monkeypatch
) -> None:
    known = make_client(token=TOKEN)
    known.headers["Authorization"] = f"Bearer {TOKEN}"

    def fail() -> None:
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(vs.db, "read", fail)
    answer = client.get("/metrics")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    found = read(known)
    assert value(found, "datavc_database_up") == 0
    assert ("datavc_commits", ()) not in found
    assert value(found, "process_resident_memory_bytes") > 0


@pytest.mark.parametrize(
    ("place", "address"),
    [
        ("9180", ("127.0.0.1", 9180)),
        (":9180", ("127.0.0.1", 9180)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),
        ("[::1]:9180", ("::1", 9180)),
    ],
)
def test_where_an_engine_shows_its_metrics(place, address) -> None:
    assert metrics_address(place) == address


@pytest.mark.parametrize("place", ["", "host", "host:", "host:x", ":70000", "-1"])
def test_where_it_cannot(place) -> None:
    with pytest.raises(InvalidInput, match="no address"):
        metrics_address(place)
