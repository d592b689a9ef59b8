"""Reads server-sent events, one at a time, so that tests can break off between any two."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class Sent:
    """One event, or a comment."""

    kind: str
    id: str
    data: Any


@contextlib.contextmanager
def events_of(
    client: httpx.Client, path: str, last: str | None = None, **query: object
) -> Iterator[Iterator[Sent]]:
    """The events that come on one connection, comments too, as those of kind ``:``."""
    headers = {} if last is None else {"Last-Event-ID": last}
    with client.stream("GET", path, params=query, headers=headers) as answer:
        if answer.status_code == 204:
            yield iter(())
            return
        if answer.status_code != 200:
            answer.read()
            answer.raise_for_status()
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        yield _read(answer)


def _read(answer: httpx.Response) -> Iterator[Sent]:
    held = ""
    for piece in answer.iter_raw():
        held += piece.decode()
        *whole, held = held.split("\n\n")
        for block in whole:
            fields = dict(line.split(": ", 1) for line in block.split("\n"))
            if "data" in fields:
                yield Sent(fields["event"], fields["id"], json.loads(fields["data"]))
            elif "retry" not in fields:
                yield Sent(":", "", block)
