from __future__ import annotations

import logging

import pytest

from datavc import errors
from datavc.errors import DatavcError, ErrorCode, from_code
from datavc.versioning import repos
from datavc_server.problem import PROBLEM_JSON, status_of

STATUS = {
    ErrorCode.INVALID_INPUT: 400,
    ErrorCode.INVALID_NAME: 400,
    ErrorCode.INVALID_PATH: 400,
    ErrorCode.INVALID_ADDRESS: 400,
    ErrorCode.INVALID_SPEC: 400,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.EXPIRED: 404,
    ErrorCode.PURGED: 404,
    ErrorCode.CONFLICT: 409,
    ErrorCode.ALREADY_EXISTS: 409,
    ErrorCode.LOST_RACE: 409,
    ErrorCode.COLLECTED: 409,
    ErrorCode.PROTECTED: 409,
    ErrorCode.PATH_CONFLICT: 409,
    ErrorCode.NOTHING_STAGED: 409,
    ErrorCode.ACCESS_DENIED: 403,
    ErrorCode.TRANSFORM_FAILED: 422,
    ErrorCode.DUPLICATE_OUTPUT: 422,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.STORE_UNAVAILABLE: 503,
    ErrorCode.DATABASE_UNAVAILABLE: 503,
    ErrorCode.SERVER_UNAVAILABLE: 503,
    ErrorCode.EXECUTOR_UNAVAILABLE: 503,
    ErrorCode.TOO_MANY_REQUESTS: 429,
    ErrorCode.OUT_OF_SPACE: 507,
    ErrorCode.QUOTA_EXCEEDED: 507,
    ErrorCode.SOURCE_UNREADABLE: 422,
    ErrorCode.SOURCE_CHANGED: 422,
    ErrorCode.DATA_CORRUPT: 500,
    ErrorCode.UNKNOWN_FORMAT: 500,
    ErrorCode.INTERNAL: 500,
}


@pytest.mark.parametrize("code", ErrorCode)
def test_every_code_has_a_status(code: ErrorCode) -> None:
    assert status_of(from_code(code.value, "x")) == STATUS[code]


@pytest.mark.parametrize("code", ErrorCode)
def test_every_error_crosses_as_it_is(client, monkeypatch, code: ErrorCode) -> None:
    def fail(*_: object) -> None:
        raise from_code(code.value, "what was wrong", "what to do")

    monkeypatch.setattr(repos, "list_repos", fail)
    answer = client.get("/repos")
    body = answer.json()
    assert answer.headers["Content-Type"] == PROBLEM_JSON
    assert answer.status_code == STATUS[code] == body["status"]
    assert body["type"] == f"urn:datavc:error:{code.value}"
    assert (body["detail"], body["hint"]) == ("what was wrong", "what to do")
    rebuilt = from_code(body["code"], body["detail"], body["hint"])
    assert type(rebuilt) is type(from_code(code.value, ""))
    assert ("Retry-After" in answer.headers) == (answer.status_code in (429, 503))


def test_an_unexpected_error_says_nothing_but_an_id_that_is_in_the_log(
    client, monkeypatch, caplog
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(repos, "list_repos", fail)
    with caplog.at_level(logging.ERROR, "datavc.server"):
        answer = client.get("/repos")
    body = answer.json()
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == PROBLEM_JSON
    assert body["code"] == "internal"
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    incident = body["instance"].rpartition(":")[2]
    assert len(incident) == 32
    assert incident in caplog.text
    assert "secret inside" in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("DELETE", "/repos", 405, "invalid_input"),
        ("POST", "/repos", 422, "invalid_input"),
        ("GET", "/repos/data/ref-log?limit=0", 422, "invalid_input"),
        ("GET", "/repos/data/ref-log?limit=x", 422, "invalid_input"),
        ("GET", "/runs/xyz", 422, "invalid_input"),
        ("GET", "/repos/a%00b", 400, "invalid_input"),
    ],
)
def test_wrong_requests_are_problems_too(client, method, path, status, code) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == PROBLEM_JSON
    assert answer.json()["detail"]


def test_every_error_of_datavc_is_covered() -> None:
    kinds = [one for one in vars(errors).values() if isinstance(one, type)]
    codes = {one.code for one in kinds if issubclass(one, DatavcError)}
    assert codes == set(STATUS)
