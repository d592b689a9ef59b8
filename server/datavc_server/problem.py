"""Errors as people on the other side of HTTP see them: problem details (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match, Router, compile_path

from datavc.errors import (
    AccessDenied,
    Conflict,
    DatavcError,
    ErrorCode,
    InvalidInput,
    LostRace,
    NotFound,
    OutOfSpace,
    QuotaExceeded,
    SourceUnreadable,
    TooManyRequests,
    TransformFailed,
    Unavailable,
)
from datavc.model.ids import new_id
from datavc_server.request_facts import facts_of

#: Media type of a problem.
PROBLEM_JSON = "application/problem+json"

_log = logging.getLogger("datavc.server")

_STATUS: dict[type[DatavcError], HTTPStatus] = {
    InvalidInput: HTTPStatus.BAD_REQUEST,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    AccessDenied: HTTPStatus.FORBIDDEN,
    TransformFailed: HTTPStatus.UNPROCESSABLE_ENTITY,
    SourceUnreadable: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    OutOfSpace: HTTPStatus.INSUFFICIENT_STORAGE,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
}

#: The same request may do later.
_LATER = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS)

_CODES = {
    HTTPStatus.UNAUTHORIZED: ErrorCode.ACCESS_DENIED,
    HTTPStatus.FORBIDDEN: ErrorCode.ACCESS_DENIED,
    HTTPStatus.NOT_FOUND: ErrorCode.NOT_FOUND,
    HTTPStatus.SERVICE_UNAVAILABLE: ErrorCode.UNAVAILABLE,
}


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = Field(description="Names the kind of problem: `urn:datavc:error:` and the code.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    code: str = Field(description="Stable, for programs.", examples=["not_found"])
    detail: str = Field(description="What was wrong with what, in one line.")
    hint: str = Field(default="", description="What to do about it; may be empty.")
    instance: str = Field(default="", description="Of an internal error: its id in the log.")


class RefusedUpload(Exception):
    """What a client brought is not what it claims to be.

    To the client it is the same error as if the store held such bytes, but with a status that
    says whose fault it is.
    """

    def __init__(self, error: DatavcError) -> None:
        super().__init__(error.message)
        self.error = error


class PreconditionFailed(Exception):
    """The branch is not in the state that ``If-Match`` names."""

    def __init__(self, error: LostRace) -> None:
        super().__init__(error.message)
        self.error = error


def status_of(error: DatavcError) -> HTTPStatus:
    """The HTTP status that says what kind of error it is."""
    for kind in type(error).__mro__:
        if kind in _STATUS:
            return _STATUS[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    hint: str = "",
    instance: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer that tells of a problem."""
    body = problem_of(status, code, detail, hint=hint, instance=instance)
    content = msgspec.json.encode(body.model_dump(exclude_defaults=True))
    return Response(content, status, headers, media_type=PROBLEM_JSON)


def problem_of(
    status: int, code: str, detail: str, *, hint: str = "", instance: str = ""
) -> Problem:
    """What such an answer says."""
    return Problem(
        type=f"urn:datavc:error:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        hint=hint,
        instance=instance,
    )


def answer_datavc_error(request: Request, error: Exception) -> Response:
    """The answer for one of datavc's own errors."""
    assert isinstance(error, DatavcError)  # noqa: S101 - registered for these only
    facts = facts_of(request.scope)
    if isinstance(error, (AccessDenied, QuotaExceeded)):
        facts.refuse(error.message)
    elif not facts.refused:
        facts.reason = error.message
    return answer_of(error)


def answer_of(error: DatavcError) -> Response:
    """The answer that tells of one of datavc's own errors."""
    status = status_of(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("%s: %s", error.code.value, error)
    headers = {"Retry-After": "1"} if status in _LATER else None
    return problem(status, error.code.value, error.message, hint=error.hint, headers=headers)


def too_many_requests(detail: str, wait: int) -> Response:
    """The answer for somebody who asks too often, and may ask again in *wait* seconds."""
    return problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        ErrorCode.TOO_MANY_REQUESTS.value,
        detail,
        hint=f"try again in {wait} s",
        headers={"Retry-After": str(wait)},
    )


def answer_refused_upload(_request: Request, refused: Exception) -> Response:
    """The answer for an upload that is not what it claims to be."""
    assert isinstance(refused, RefusedUpload)  # noqa: S101 - registered for these only
    error = refused.error
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return problem(status, error.code.value, error.message, hint="send it again")


def answer_precondition_failed(_request: Request, failed: Exception) -> Response:
    """The answer where a branch is not in the state that ``If-Match`` names."""
    assert isinstance(failed, PreconditionFailed)  # noqa: S101 - registered for these only
    error = failed.error
    return problem(HTTPStatus.PRECONDITION_FAILED, error.code.value, error.message, hint=error.hint)


def answer_http_error(request: Request, error: Exception) -> Response:
    """The answer for an error of the framework, such as a route that does not exist."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for these only
    code = _CODES.get(HTTPStatus(error.status_code), ErrorCode.INVALID_INPUT)
    if error.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
        return problem(error.status_code, code.value, str(error.detail), headers=error.headers)
    allowed = ", ".join(_allowed_methods(request))
    detail = f"{request.method} does not go with this path"
    hint = f"use {allowed}"
    return problem(error.status_code, code.value, detail, hint=hint, headers={"Allow": allowed})


def answer_invalid_request(_request: Request, error: Exception) -> Response:
    """The answer for a request whose parameters or body do not have the right form."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for these only
    detail = "; ".join(_describe(one) for one in error.errors()[:5])
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        ErrorCode.INVALID_INPUT.value,
        f"the request is malformed: {detail}",
        hint="see /api/v1/openapi.json",
    )


def answer_unexpected(_request: Request, error: Exception) -> Response:
    """The answer for an error that should not happen: an id, under which the log has the rest."""
    incident = new_id()
    _log.error("incident %s", incident, exc_info=error)
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        ErrorCode.INTERNAL.value,
        "the server failed in an unexpected way",
        hint=f"look for incident {incident} in the server's log",
        instance=f"urn:datavc:incident:{incident}",
    )


def _allowed_methods(request: Request) -> list[str]:
    """All that the path takes; the framework names those of one of its routes."""
    router: Router = request.app.router
    allowed = [
        method
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
        if any(
            route.matches(dict(request.scope, method=method))[0] is Match.FULL
            for route in router.routes
        )
    ]
    documented = _documented_methods(request)
    return [method for method in allowed if method == "HEAD" or method in documented] or allowed


def _documented_methods(request: Request) -> set[str]:
    """Those of the path itself, where another's parameter would take its last word, too."""
    for path, item in request.app.openapi()["paths"].items():
        if compile_path(path)[0].match(request.scope["path"]):
            return {method.upper() for method in item}
    return set()


def _describe(error: Mapping[str, Any]) -> str:
    place: Sequence[object] = error["loc"]
    return f"{'.'.join(map(str, place))}: {error['msg']}"
