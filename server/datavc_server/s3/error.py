"""Errors as S3 clients know them."""

from __future__ import annotations

import logging
from http import HTTPStatus
from xml.etree.ElementTree import Element

from fastapi import Response

from datavc.errors import (
    AccessDenied,
    AlreadyExists,
    Collected,
    Conflict,
    DatavcError,
    Expired,
    InvalidInput,
    InvalidName,
    LostRace,
    NotFound,
    OutOfSpace,
    PathConflict,
    Protected,
    Purged,
    Unavailable,
)
from datavc_server.s3.xml import add, render

_log = logging.getLogger("datavc.server")


class S3Error(Exception):
    """An answer that says no.

    Args:
        status: of HTTP.
        code: by which clients know it.
        message: what was wrong with what.
        headers: of the answer.
    """

    def __init__(
        self, status: HTTPStatus, code: str, message: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def not_implemented(what: str) -> S3Error:
    """The answer to what the gateway does not do."""
    return S3Error(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", f"{what} is not supported here")


def invalid_argument(message: str) -> S3Error:
    """The answer to a parameter or header that is malformed."""
    return S3Error(HTTPStatus.BAD_REQUEST, "InvalidArgument", message)


def invalid_request(message: str) -> S3Error:
    """The answer to a request that does not fit together."""
    return S3Error(HTTPStatus.BAD_REQUEST, "InvalidRequest", message)


def access_denied(message: str) -> S3Error:
    """The answer to what is not allowed."""
    return S3Error(HTTPStatus.FORBIDDEN, "AccessDenied", message)


def no_such_key(message: str) -> S3Error:
    """The answer where there is no such object."""
    return S3Error(HTTPStatus.NOT_FOUND, "NoSuchKey", message)


def precondition_failed(message: str) -> S3Error:
    """The answer where a condition of the request does not hold."""
    return S3Error(HTTPStatus.PRECONDITION_FAILED, "PreconditionFailed", message)


#: The most particular kinds first. What may be tried again is told so that clients do.
_ANSWERS: tuple[tuple[type[DatavcError], HTTPStatus, str], ...] = (
    (InvalidName, HTTPStatus.BAD_REQUEST, "InvalidArgument"),
    (InvalidInput, HTTPStatus.BAD_REQUEST, "InvalidArgument"),
    (Expired, HTTPStatus.NOT_FOUND, "NoSuchKey"),
    (Purged, HTTPStatus.NOT_FOUND, "NoSuchKey"),
    (NotFound, HTTPStatus.NOT_FOUND, "NoSuchKey"),
    (Protected, HTTPStatus.FORBIDDEN, "AccessDenied"),
    (AlreadyExists, HTTPStatus.CONFLICT, "BucketAlreadyOwnedByYou"),
    (PathConflict, HTTPStatus.CONFLICT, "InvalidObjectState"),
    (Collected, HTTPStatus.SERVICE_UNAVAILABLE, "SlowDown"),
    (LostRace, HTTPStatus.SERVICE_UNAVAILABLE, "SlowDown"),
    (Conflict, HTTPStatus.CONFLICT, "InvalidRequest"),
    (AccessDenied, HTTPStatus.FORBIDDEN, "AccessDenied"),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE, "ServiceUnavailable"),
    (OutOfSpace, HTTPStatus.INSUFFICIENT_STORAGE, "InsufficientStorage"),
)


def of_datavc_error(error: DatavcError) -> S3Error:
    """The same error in the words of S3."""
    for kind, status, code in _ANSWERS:
        if isinstance(error, kind):
            return S3Error(status, code, str(error))
    _log.error("%s: %s", error.code.value, error)
    return S3Error(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalError", error.message)


def error_response(error: S3Error, resource: str, request_id: str, *, head: bool) -> Response:
    """The error document; the answer to HEAD has none."""
    if head or error.status == HTTPStatus.NOT_MODIFIED:
        return Response(status_code=error.status, headers=error.headers)
    root = Element("Error")
    texts = (
        ("Code", error.code),
        ("Message", error.message),
        ("Resource", resource),
        ("RequestId", request_id),
    )
    for name, text in texts:
        add(root, name, text)
    return render(root, error.status, error.headers)
