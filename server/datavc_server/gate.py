"""Who is let in: a token where there is one, and otherwise only programs of this machine."""

from __future__ import annotations

import hmac
from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi import Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from datavc.errors import ErrorCode
from datavc.model.ids import digest_of
from datavc_server.problem import problem
from datavc_server.settings import ServerSettings, is_loopback

#: What whoever watches over the server asks without a token, and is told nothing but that it works.
OPEN_TO_ALL = ("/api/v1/health/live", "/api/v1/health/ready")

_SAME_SITE = ("same-origin", "none")


class Gate:
    """Turns away whoever is not allowed in, before anything else looks at the request.

    Without a token, the server trusts every program of this machine, but not web pages that a
    browser on it happens to show: a page of another origin is refused, and so is one whose name
    was made to point here (DNS rebinding), by the name in the Host header.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self._app = app
        self._token = None if settings.token is None else _hash(settings.token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it."""
        is_guarded = scope["type"] == "http" and scope["path"] not in OPEN_TO_ALL
        refusal = self._refusal(Headers(scope=scope)) if is_guarded else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refusal(scope, receive, send)

    def _refusal(self, headers: Headers) -> Response | None:
        if self._token is not None:
            return self._check_token(headers.get("authorization", ""), self._token)
        host = headers.get("host", "")
        if not is_loopback(_name_of(host)):
            return _forbidden(f"the host name {host!r} is not this machine's own")
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return _forbidden(f"web pages of {origin!r} may not use this server")
        if headers.get("sec-fetch-site", "none") not in _SAME_SITE:
            return _forbidden("web pages of other sites may not use this server")
        return None

    def _check_token(self, authorization: str, expected: bytes) -> Response | None:
        scheme, _, token = authorization.partition(" ")
        given = _hash(token.strip())
        if scheme.lower() == "bearer" and hmac.compare_digest(given, expected):
            return None
        what = "the token is wrong" if authorization else "this server wants a token"
        return problem(
            HTTPStatus.UNAUTHORIZED,
            ErrorCode.ACCESS_DENIED.value,
            what,
            hint="set DATAVC_TOKEN to the server's token",
            headers={"WWW-Authenticate": "Bearer"},
        )


def _hash(token: str) -> bytes:
    # Compared as hashes, the time it takes says nothing of the token, not even its length.
    return digest_of(token.encode("utf-8", "surrogateescape"))


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _forbidden(detail: str) -> Response:
    return problem(
        HTTPStatus.FORBIDDEN,
        ErrorCode.ACCESS_DENIED.value,
        detail,
        hint="call it by 127.0.0.1 or localhost, or give the server a token",
    )
