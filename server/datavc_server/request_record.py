"""What is kept of every request: its id, its place in the metrics, and a line in the log."""

from __future__ import annotations

import logging
import re
import time
from contextvars import ContextVar

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from datavc.model.ids import new_id
from datavc_server.metrics import ServerMetrics

#: Header of a request's id, in both directions.
REQUEST_ID = "X-Request-Id"

#: Id of the request that is being carried out; empty outside of one.
request_id: ContextVar[str] = ContextVar("request_id", default="")

_log = logging.getLogger("datavc.access")
#: What a client may call its request: nothing that could forge a line of a log.
_GIVEN = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_API = "/api/v1"
#: The route of what no route is for, so that made-up paths make no metrics.
_NO_ROUTE = "none"
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class RequestRecord:
    """Gives each request an id, and counts and logs it. Neither query nor headers are logged."""

    def __init__(self, app: ASGIApp, metrics: ServerMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        name = given if _GIVEN.fullmatch(given) else new_id()
        token = request_id.set(name)
        metrics, status, started = self._metrics, 500, time.perf_counter()

        async def receive_counted() -> Message:
            message = await receive()
            metrics.received_bytes.inc(len(message.get("body", b"")))
            return message

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = name
            metrics.sent_bytes.inc(len(message.get("body", b"")))
            await send(message)

        metrics.requests_in_progress.inc()
        try:
            await self._app(scope, receive_counted, send_counted)
        finally:
            metrics.requests_in_progress.dec()
            seconds = time.perf_counter() - started
            self._note(scope, status, seconds)
            request_id.reset(token)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # Any word is a method to a client.
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path", _NO_ROUTE).removeprefix(_API)
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.request_seconds.labels(method, route).observe(seconds)
        if not _log.isEnabledFor(logging.INFO):
            return
        _log.info(
            "%s %s %d",
            scope["method"],
            scope["path"].replace("\0", "%2F"),
            status,
            extra={
                "method": scope["method"],
                "path": scope["path"].replace("\0", "%2F"),
                "route": route,
                "status": status,
                "duration_ms": round(seconds * 1000, 1),
            },
        )
