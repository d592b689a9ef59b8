"""Slashes inside one part of a URL's path, written ``%2F``, as in a branch ``team/main``.

Frameworks decode a path before they take it apart, so such a slash would look like one between
two parts. Here each part is decoded by itself, and a slash in it becomes a NUL, which no name and
no path may hold, until :func:`decode_slashes` turns it back.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from datavc.errors import ErrorCode
from datavc_server.problem import problem

_SLASH = "\0"


class EncodedSlash:
    """Decodes the path of each request part by part."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse a path that cannot be decoded."""
        if scope["type"] == "http":
            path = decode_path(scope.get("raw_path") or scope["path"].encode())
            if path is None:
                response = problem(
                    HTTPStatus.BAD_REQUEST,
                    ErrorCode.INVALID_INPUT.value,
                    "the URL's path is not valid UTF-8, or holds a NUL",
                )
                await response(scope, receive, send)
                return
            # Not in a copy: those who have passed it on look up the route in it afterwards.
            scope["path"] = path
        await self._app(scope, receive, send)


def decode_path(raw: bytes) -> str | None:
    """The path with each part decoded by itself; ``None`` when that cannot be done."""
    try:
        parts = [unquote(part, errors="strict") for part in raw.decode("ascii").split("/")]
    except UnicodeDecodeError:
        return None
    if any(_SLASH in part for part in parts):
        return None
    return "/".join(part.replace("/", _SLASH) for part in parts)


def decode_slashes(part: str) -> str:
    """A part of the path as its client meant it."""
    return part.replace(_SLASH, "/")
