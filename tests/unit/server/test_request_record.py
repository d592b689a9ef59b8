"""Requests have an id, and the log has a line for each that says nothing it should not."""

from __future__ import annotations

import json
import logging

import pytest

from datavc_server.log_format import JsonFormatter

TOKEN = "a-token-that-is-long-enough"


def test_a_request_keeps_the_id_that_it_came_with(client) -> None:
    answer = client.get("/repos", headers={"X-Request-Id": "trace-1:2/3"})
    assert answer.headers["X-Request-Id"] == "trace-1:2/3"


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "a\tb", '{"a":1}'])
def test_an_id_that_could_forge_a_line_is_replaced(client, given: str) -> None:
    answer = client.get("/repos", headers={"X-Request-Id": given})
    made = answer.headers["X-Request-Id"]
    assert made != given
    assert len(made) == 32
    assert client.get("/repos").headers["X-Request-Id"] != made


def test_refusals_have_an_id_too(make_client) -> None:
    answer = make_client(token=TOKEN).get("/repos")
    assert answer.status_code == 401
    assert len(answer.headers["X-Request-Id"]) == 32


def test_a_commit_is_logged_with_its_request_and_its_run(client, repo, caplog) -> None:
    formatter = JsonFormatter()
    lines: list[dict[str, object]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(formatter.format(record)))

    handler = Keep()
    logging.getLogger().addHandler(handler)
    try:
        with caplog.at_level(logging.INFO, "datavc"):
            client.put(
                f"/repos/{repo}/refs/main/files/a",
                params={"message": "hush-hush"},
                content=b"x",
                headers={"X-Request-Id": "mine", "Authorization": f"Bearer {TOKEN}"},
            ).raise_for_status()
            head = client.get(f"/repos/{repo}/refs/main").json()
    finally:
        logging.getLogger().removeHandler(handler)
    mine = [line for line in lines if line.get("request_id") == "mine"]
    commit, access = mine
    assert commit["logger"] == "datavc.server"
    assert (commit["commit"], commit["run"]) == (head["id"], head["run_id"])
    assert access["logger"] == "datavc.access"
    assert (access["method"], access["status"]) == ("PUT", 201)
    assert access["route"] == "/repos/{repo}/refs/{ref}/files/{path:path}"
    assert TOKEN not in json.dumps(lines)
    assert "hush-hush" not in json.dumps(lines)


def test_an_error_is_one_line(caplog) -> None:
    try:
        raise RuntimeError("two\nlines")
    except RuntimeError:
        logging.getLogger("datavc.server").exception("it failed")
    line = JsonFormatter().format(caplog.records[-1])
    assert "\n" not in line
    assert "two\nlines" in json.loads(line)["error"]
