"""A span for each request, which belongs to the client's where that has one."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from datavc.tracing import spans
from datavc.tracing.spans import Kind

#: Asked again and again by those who watch over a server.
_PROBES = ("/api/v1/health/", "/api/v1/metrics")
_SERVER_ERROR = 500


class RequestSpan:
    """Neither query nor headers become attributes, since both may hold secrets.

    Args:
        app: what answers.
        group: what stands for the route of requests that have none.
    """

    def __init__(self, app: ASGIApp, group: str = "") -> None:
        self._app = app
        self._group = group

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        is_asked = scope["type"] == "http" and not scope["path"].startswith(_PROBES)
        if not is_asked or not spans.is_on():
            await self._app(scope, receive, send)
            return
        method: str = scope["method"]
        attributes = {
            "http.request.method": method,
            "url.path": scope["path"].replace("\0", "%2F"),
            "url.scheme": scope["scheme"],
        }
        client = scope.get("client")
        if client:
            attributes["client.address"] = client[0]
        with spans.span(
            f"{method} {self._group}".rstrip(),
            attributes,
            kind=Kind.SERVER,
            parent=Headers(scope=scope).get("traceparent"),
        ) as span:

            async def send_noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    status: int = message["status"]
                    span.note("http.response.status_code", status)
                    if status >= _SERVER_ERROR:
                        span.fail(f"status {status}")
                await send(message)

            await self._app(scope, receive, send_noted)
            route = getattr(scope.get("route"), "path", "")
            if route:
                span.rename(f"{method} {route}")
                span.note("http.route", route)
