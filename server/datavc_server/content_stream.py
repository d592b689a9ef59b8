"""A content on its way to a client, read by worker threads: much at each change of threads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from starlette.concurrency import run_in_threadpool

from datavc.store.backend import Buffer

#: Bytes that are read before they are sent.
_BATCH = 1024 * 1024


async def in_batches(pieces: Iterator[Buffer]) -> AsyncIterator[memoryview]:
    """All *pieces*, in order."""
    while batch := await run_in_threadpool(_take, pieces):
        for piece in batch:
            yield memoryview(piece)


def _take(pieces: Iterator[Buffer]) -> list[Buffer]:
    taken: list[Buffer] = []
    size = 0
    for piece in pieces:
        taken.append(piece)
        size += len(piece)
        if size >= _BATCH:
            break
    return taken
