"""Events that a server sends as they happen, across connections that break."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import TYPE_CHECKING

import httpx

from datavc.client.http_session import HttpSession, Parameters
from datavc.errors import ServerUnavailable

if TYPE_CHECKING:
    from httpx_sse import ServerSentEvent

#: Kind of the event after which nothing comes.
_OVER = "over"
#: Seconds before a stream that broke off is taken up again.
_PAUSE = 1.0


def follow_events(
    session: HttpSession, path: str, query: Parameters | None = None
) -> Generator[ServerSentEvent]:
    """Events, each once, until the server says that nothing can come any more.

    Raises:
        ServerUnavailable: nobody answers there, time and again.
        DatavcError: what the server says is wrong.
    """
    from httpx_sse import EventSource

    last = ""
    while True:
        is_open = False
        try:
            with session.stream(path, query, headers={"Last-Event-ID": last or None}) as response:
                if response.status_code == httpx.codes.NO_CONTENT:
                    return
                is_open = True
                for event in EventSource(response).iter_sse():
                    last = event.id
                    if event.event == _OVER:
                        return
                    # Without data it only says that the server is there, or when to come back.
                    if event.data:
                        yield event
        except ServerUnavailable:
            if not is_open:
                raise
        time.sleep(_PAUSE)
