"""The OpenAPI document: what FastAPI derives from the routes, and every problem they may answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from datavc.errors import ErrorCode
from datavc_server.problem import PROBLEM_JSON, Problem, problem_of

_METHODS = ("get", "put", "post", "delete", "patch")
_WRITES = ("put", "post", "delete", "patch")

#: One problem of each status, as a client may meet it: code, detail, hint.
_EXAMPLES: dict[HTTPStatus, tuple[ErrorCode, str, str]] = {
    HTTPStatus.BAD_REQUEST: (
        ErrorCode.INVALID_NAME,
        "'a b' is not a valid repo name",
        "use letters, digits, dots, dashes and underscores",
    ),
    HTTPStatus.UNAUTHORIZED: (
        ErrorCode.ACCESS_DENIED,
        "this server wants a token",
        "set DATAVC_TOKEN to the server's token",
    ),
    HTTPStatus.FORBIDDEN: (
        ErrorCode.ACCESS_DENIED,
        "web pages of other sites may not use this server",
        "call it by 127.0.0.1 or localhost, or give the server a token",
    ),
    HTTPStatus.NOT_FOUND: (
        ErrorCode.NOT_FOUND,
        "repo 'nope' does not exist",
        "see `datavc repo list`",
    ),
    HTTPStatus.CONFLICT: (
        ErrorCode.ALREADY_EXISTS,
        "repo 'images' exists already",
        "choose another name",
    ),
    HTTPStatus.PRECONDITION_FAILED: (
        ErrorCode.LOST_RACE,
        "branch 'main' of repo 'images' stands at no commit",
        "look at what has landed there, then ask again with its ETag",
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        ErrorCode.INVALID_INPUT,
        "the body is larger than 16777216 bytes",
        "",
    ),
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: (
        ErrorCode.INVALID_INPUT,
        "there are 1024 bytes",
        "",
    ),
    HTTPStatus.UNPROCESSABLE_ENTITY: (
        ErrorCode.INVALID_INPUT,
        "the request is malformed: body.name: Field required",
        "see /api/v1/openapi.json",
    ),
    HTTPStatus.TOO_MANY_REQUESTS: (
        ErrorCode.TOO_MANY_REQUESTS,
        "account 'ada@example.com' may ask 60 times a minute",
        "try again in 2 s",
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        ErrorCode.INTERNAL,
        "the server failed in an unexpected way",
        "look for incident 0123456789abcdef0123456789abcdef in the server's log",
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        ErrorCode.DATABASE_UNAVAILABLE,
        "the database does not answer",
        "try again in a while",
    ),
    HTTPStatus.INSUFFICIENT_STORAGE: (
        ErrorCode.OUT_OF_SPACE,
        "the disk of the store is full",
        "free some space",
    ),
}

_ALWAYS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_OF_WRITES = (
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.INSUFFICIENT_STORAGE,
)
_SCHEME = "token"


class DescribedApi(FastAPI):
    """An application whose OpenAPI document names every status that a client may be answered."""

    def openapi(self) -> dict[str, Any]:
        """The document; made once."""
        if self.openapi_schema is None:
            self.openapi_schema = _complete(super().openapi())
        return self.openapi_schema


def operation_id(route: APIRoute) -> str:
    """A route's name for those who generate clients: that of its function."""
    return route.name


def _complete(document: dict[str, Any]) -> dict[str, Any]:
    components = document.setdefault("components", {})
    components["responses"] = {_name(status): _response(status) for status in _EXAMPLES}
    schema = Problem.model_json_schema()
    schema["properties"]["code"]["enum"] = [code.value for code in ErrorCode]
    components.setdefault("schemas", {})["Problem"] = schema
    components["securitySchemes"] = {
        _SCHEME: {
            "type": "http",
            "scheme": "bearer",
            "description": "The token of an account, or the server's own.",
        }
    }
    # Without a token, a server serves whoever is on the same machine.
    document["security"] = [{_SCHEME: []}, {}]
    for item in document["paths"].values():
        for method in _METHODS:
            if method in item:
                _add_problems(method, item[method])
    return document


def _add_problems(method: str, operation: dict[str, Any]) -> None:
    names_something = any(one["in"] in ("path", "query") for one in operation.get("parameters", ()))
    statuses = [*_ALWAYS]
    if method in _WRITES:
        statuses += _OF_WRITES
    elif names_something:
        statuses.append(HTTPStatus.NOT_FOUND)
    responses = operation["responses"]
    # Those that only this route may answer are declared there, and described here.
    statuses += [one for one in _EXAMPLES if str(one.value) in responses]
    for status in sorted(set(statuses)):
        responses[str(status.value)] = {"$ref": f"#/components/responses/{_name(status)}"}


def _name(status: HTTPStatus) -> str:
    return "".join(word.capitalize() for word in status.name.split("_"))


def _response(status: HTTPStatus) -> dict[str, Any]:
    code, detail, hint = _EXAMPLES[status]
    example = problem_of(status, code.value, detail, hint=hint).model_dump(exclude_defaults=True)
    response: dict[str, Any] = {
        "description": status.description or status.phrase,
        "content": {
            PROBLEM_JSON: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {code.value: {"value": example}},
            }
        },
    }
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        response["headers"] = {
            "Retry-After": {
                "description": "Seconds to wait before the next try.",
                "schema": {"type": "string", "pattern": "^[0-9]+$"},
            }
        }
    return response
