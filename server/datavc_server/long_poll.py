"""Answers that wait for news: what is known is compared with what is, until they differ."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec
from fastapi import Header, Query
from starlette.concurrency import run_in_threadpool

from datavc.model.ids import digest_of
from datavc_server.state import ServerState

_Found = TypeVar("_Found")

#: Longest time that an answer waits, in seconds: less than what networks in between allow.
LONGEST_WAIT = 30.0
#: Seconds after which there is a look without any news: news are a hint.
_LONGEST_REST = 1.0
#: Seconds between two looks, so that what comes in quick succession is looked up at once.
_REST = 0.02

Wait = Annotated[
    float, Query(ge=0, le=LONGEST_WAIT, description="Seconds to wait at most for news.")
]
KnownTag = Annotated[str | None, Header(alias="If-None-Match", description="The `ETag` known.")]


async def wait_for_news(
    state: ServerState,
    look: Callable[[], tuple[bool, _Found]],
    wait: float,
    known: str | None,
) -> tuple[_Found, str]:
    """What *look* finds, and its tag, once there are news or the time is over.

    Args:
        state: the server's; the answer comes at once when it is about to stop.
        look: whether it is over, and what there is.
        wait: seconds to wait at most.
        known: the tag of what is known already. News are what differs from it; without one, that
            it is over.
    """
    deadline = time.monotonic() + wait
    while True:
        seen = state.news.count
        over, found = await run_in_threadpool(look)
        tag = f'"{digest_of(msgspec.json.encode([over, found])).hex()[:32]}"'
        has_news = over if known is None else tag != known
        if has_news or time.monotonic() >= deadline or state.stopping.is_set():
            return found, tag
        await state.news.wait(seen, min(_LONGEST_REST, deadline - time.monotonic()))
        await asyncio.sleep(_REST)
