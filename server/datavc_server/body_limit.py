"""A limit for the bodies of requests, so that none fills the memory."""

from __future__ import annotations

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from datavc.errors import ErrorCode
from datavc_server.problem import problem

#: Uploads are streams that never stand in memory; their routes have limits of their own.
_STREAMED = "PUT"


class BodyLimit:
    """Refuses bodies of more than *limit* bytes, whether or not their size is announced."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body counted."""
        if scope["type"] != "http" or scope["method"] == _STREAMED:
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > self._limit:
            response = problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                ErrorCode.INVALID_INPUT.value,
                too_large(self._limit),
            )
            await response(scope, receive, send)
            return
        taken = 0

        async def receive_counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limit:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, too_large(self._limit))
            return message

        await self._app(scope, receive_counted, send)


def too_large(limit: int) -> str:
    """What is wrong with a body beyond *limit* bytes."""
    return f"the body is larger than {limit} bytes"
