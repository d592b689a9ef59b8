"""Who is let in: whoever shows a token, and where there is none yet, programs of this machine."""

from __future__ import annotations

import hmac
from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi import Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from datavc.access.caller import Caller
from datavc.access.tokens import any_token, authenticate, hash_token
from datavc.db.session import Database
from datavc.errors import AccessDenied, DatavcError, ErrorCode
from datavc.model.account import ADMIN, LOCAL
from datavc_server.hook_limits import FROM_ADDRESS
from datavc_server.problem import answer_of, problem, too_many_requests
from datavc_server.request_facts import RequestFacts, facts_of
from datavc_server.route_rules import OPEN, SIGNED
from datavc_server.settings import ServerSettings, is_loopback
from datavc_server.token_bucket import TokenBuckets

#: What whoever watches over the server asks without a token, and is told nothing but that it works.
OPEN_TO_ALL = ("/api/v1/health/live", "/api/v1/health/ready")

_SAME_SITE = ("same-origin", "none")
#: Wrong tokens a minute from one address that are written to the audit log. Nobody is turned away
#: for them: behind a proxy, all come from one address, and none can be guessed.
_WRITTEN_PER_MINUTE = 60
#: Requests a minute from one address to log in.
_LOGINS_PER_MINUTE = 120
#: As much of a path as tells the URL of one webhook from that of another.
_LONGEST_PATH = 64


class Gate:
    """Turns away whoever is not let in, before anything else looks at the request.

    While there is no token at all, the server trusts every program of this machine, but not web
    pages that a browser on it happens to show: a page of another origin is refused, and so is one
    whose name was made to point here (DNS rebinding), by the name in the Host header.
    """

    def __init__(self, app: ASGIApp, db: Database, settings: ServerSettings) -> None:
        self._app = app
        self._db = db
        self._token = None if settings.token is None else hash_token(settings.token)
        self._trusts_machine = settings.token is None and not settings.tokens_only
        self._wrong = TokenBuckets()
        self._rates = TokenBuckets()
        self._logins = TokenBuckets()
        self._hooks = TokenBuckets()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        facts = facts_of(scope)
        refusal = await self._look_at(scope, facts)
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refusal(scope, receive, send)

    async def _look_at(self, scope: Scope, facts: RequestFacts) -> Response | None:
        if scope["path"] in OPEN_TO_ALL:
            facts.caller = Caller("")
            return None
        if scope["path"] in OPEN:
            facts.caller = Caller("")
            return self._check_logins(facts)
        if scope["path"].startswith(SIGNED):
            facts.caller = Caller("")
            return self._check_hooks(facts, scope["path"])
        return await self._refusal(Headers(scope=scope), facts)

    async def _refusal(self, headers: Headers, facts: RequestFacts) -> Response | None:
        try:
            if self._trusts_machine and not await run_in_threadpool(any_token, self._db):
                return self._let_in_local(headers, facts)
            caller = await self._caller(headers.get("authorization", ""))
        except AccessDenied as error:
            flood = self._wrong.take(facts.address, _WRITTEN_PER_MINUTE)
            facts.is_flood = flood is not None and not flood.is_first
            facts.refuse(error.message)
            return problem(
                HTTPStatus.UNAUTHORIZED,
                error.code.value,
                error.message,
                hint=error.hint,
                headers={"WWW-Authenticate": "Bearer"},
            )
        except DatavcError as error:
            return answer_of(error)
        facts.caller = caller
        return self._check_rate(caller, facts)

    async def _caller(self, authorization: str) -> Caller:
        """Whose token is shown.

        Raises:
            AccessDenied: nobody's.
        """
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise AccessDenied(
                "this server wants a token", hint="see `datavc auth login`, or set DATAVC_TOKEN"
            )
        if self._token is not None and hmac.compare_digest(hash_token(token), self._token):
            return Caller.unlimited(ADMIN)
        return await run_in_threadpool(authenticate, self._db, token)

    def _check_rate(self, caller: Caller, facts: RequestFacts) -> Response | None:
        limit = caller.limits.requests_per_minute
        refusal = None if limit is None else self._rates.take(caller.account, limit)
        if refusal is None:
            return None
        facts.is_flood = not refusal.is_first
        detail = f"account {caller.account!r} may ask {limit} times a minute"
        facts.refuse(detail)
        return too_many_requests(detail, refusal.wait)

    def _check_logins(self, facts: RequestFacts) -> Response | None:
        refusal = self._logins.take(facts.address, _LOGINS_PER_MINUTE)
        if refusal is None:
            return None
        facts.is_flood = not refusal.is_first
        return too_many_requests("too many log in from there", refusal.wait)

    def _check_hooks(self, facts: RequestFacts, path: str) -> Response | None:
        refusal = self._hooks.take(f"{facts.address} {path[:_LONGEST_PATH]}", FROM_ADDRESS)
        if refusal is None:
            return None
        facts.is_flood = not refusal.is_first
        return too_many_requests("too many messages from there", refusal.wait)

    def _let_in_local(self, headers: Headers, facts: RequestFacts) -> Response | None:
        refusal = _stranger(headers)
        if refusal is None:
            facts.caller = Caller.unlimited(LOCAL)
            return None
        facts.refuse(refusal)
        return problem(
            HTTPStatus.FORBIDDEN,
            ErrorCode.ACCESS_DENIED.value,
            refusal,
            hint="call it by 127.0.0.1 or localhost, or give the server a token",
        )


def _stranger(headers: Headers) -> str | None:
    """Why a request without a token may not be one of a program of this machine."""
    host = headers.get("host", "")
    if not is_loopback(_name_of(host)):
        return f"the host name {host!r} is not this machine's own"
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return f"web pages of {origin!r} may not use this server"
    if headers.get("sec-fetch-site", "none") not in _SAME_SITE:
        return "web pages of other sites may not use this server"
    return None


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
