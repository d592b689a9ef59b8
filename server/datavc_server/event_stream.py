"""Answers that go on as things happen: server-sent events, and how a client takes them up again.

No thread and no connection to the database is held while nothing comes. What is sent is looked up
when the client can take it, so one that reads slowly costs no memory and is told of the newest.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, TypeVar

import msgspec
from anyio import to_thread
from fastapi import Header, Response
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event

from datavc.access.tokens import check_again
from datavc.errors import DatavcError, Unavailable
from datavc_server.asking import Asking
from datavc_server.state import ServerState

_Found = TypeVar("_Found")

#: Seconds after which a comment says that the server is still there.
SIGN_OF_LIFE = 15.0
#: Seconds after which it is looked whether the token still holds, and with which roles.
RECHECK = 10.0
#: Seconds after which there is a look without any news: news are a hint.
_LONGEST_REST = 5.0
#: Seconds between two looks, so that what comes in quick succession is looked up at once.
_REST = 0.05
#: Milliseconds after which a client whose connection broke should come back.
_COME_BACK = 1000
#: What ends the id of a stream's last event.
_END = "!"
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}

LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        pattern=r"^[A-Za-z0-9_.@!-]{0,48000}$",
        description="The `id` of the last event that was received: the stream goes on behind it.",
    ),
]
#: How the routes of streams are described.
EVENTS: dict[int | str, dict[str, object]] = {
    200: {
        "description": "Server-sent events, each with an `id`, and comments while nothing comes.",
        "content": {EventSourceResponse.media_type: {}},
    },
    204: {"description": "Nothing is left to be told: do not come back."},
}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing to be told."""

    kind: str
    #: From where a client goes on that has got it.
    place: str
    #: Anything that JSON can say.
    data: object


@dataclass(frozen=True, slots=True)
class Found:
    """What one look has found: so much that it can be held in memory."""

    events: list[Event]
    #: Whether the next look would find more at once.
    more: bool = False
    #: Whether nothing can come any more.
    over: bool = False


#: Finds what is to be told since it was called last, to whoever asks. Called in any thread.
Look = Callable[[Asking], Found]


def split_end(last_event_id: str | None) -> tuple[str, bool]:
    """The place that a client goes on from, and whether it has got the end of the stream."""
    text = last_event_id or ""
    return text.removesuffix(_END), text.endswith(_END)


def with_end(found: Found, place: str, *, told: bool) -> Found:
    """The same, and where it is over the event that says so, unless a client was *told* before."""
    if told or not found.over:
        return found
    end = Event("over", place + _END, {"over": True})
    return replace(found, events=[*found.events, end])


async def answer_events(state: ServerState, asker: Asking, look: Look) -> Response:
    """The answer that tells what *look* finds, until it is over or the server stops.

    Raises:
        DatavcError: what the first look raises.
    """
    seen = state.news.count
    first = await _in_thread(state, partial(look, asker))
    if first.over and not first.events:
        return Response(status_code=204)
    return EventSourceResponse(_tell(state, asker, look, first, seen), headers=_HEADERS)


async def _tell(
    state: ServerState, asker: Asking, look: Look, found: Found, seen: int
) -> AsyncIterator[bytes]:
    checked = sent = time.monotonic()
    yield format_sse_event(retry=_COME_BACK)
    while True:
        if found.events:
            yield b"".join(map(_encode, found.events))
            sent = time.monotonic()
        if found.over or state.stopping.is_set():
            return
        if not found.more:
            left = sent + SIGN_OF_LIFE - time.monotonic()
            await state.news.wait(seen, max(0.0, min(left, _LONGEST_REST)))
            await asyncio.sleep(_REST)
        if time.monotonic() - sent >= SIGN_OF_LIFE:
            yield KEEPALIVE_COMMENT
            sent = time.monotonic()
        seen, found = state.news.count, Found([])
        try:
            if time.monotonic() - checked >= RECHECK:
                again = partial(check_again, state.vs.db, asker.caller)
                asker = replace(asker, caller=await _in_thread(state, again))
                checked = time.monotonic()
            found = await _in_thread(state, partial(look, asker))
        except Unavailable:
            # A database that is away is waited for.
            continue
        except DatavcError:
            # It may not be seen any more, or is gone. Whoever asks again is told which.
            return


async def _in_thread(state: ServerState, act: Callable[[], _Found]) -> _Found:
    return await to_thread.run_sync(act, limiter=state.news.looking)


def _encode(event: Event) -> bytes:
    data = msgspec.json.encode(event.data).decode()
    return format_sse_event(data_str=data, event=event.kind, id=event.place)
