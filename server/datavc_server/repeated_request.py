"""Requests that may arrive twice: what was carried out once is answered, and not done again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Header
from sqlalchemy import Connection

from datavc.db import requests
from datavc.db.clock import now_us
from datavc.errors import AlreadyExists, Conflict, DatavcError
from datavc.model.ids import digest_of
from datavc.versioning.versioned_store import VersionedStore

_Result = TypeVar("_Result")

#: Called in the transaction that does what was asked for, with what the answer needs.
Remember = Callable[[Connection, dict[str, object]], None]

IdempotencyKey = Annotated[
    str | None,
    Header(
        pattern="^[A-Za-z0-9_-]{16,64}$",
        description="A random key. A request that is sent again with the same key within a day, "
        "since its answer was lost say, is answered again and done only once.",
    ),
]


def do_once(
    vs: VersionedStore,
    key: str | None,
    request: bytes,
    act: Callable[[Remember], _Result],
    repeat: Callable[[dict[str, object]], _Result],
) -> _Result:
    """Carry a request out unless that was done already.

    Args:
        vs: where to remember it.
        key: made by the client for this request; without one, nothing is remembered.
        request: what is asked for.
        act: does it, and remembers it in the same transaction; what it does not remember changed
            nothing.
        repeat: gives the answer again from what was remembered.

    Raises:
        Conflict: the key was used for something else.
    """
    if key is None:
        return act(_forget)
    known = key
    digest = digest_of(request)
    done = _find(vs, known, digest)
    if done is not None:
        return repeat(done)

    remembered = False

    def remember(conn: Connection, answer: dict[str, object]) -> None:
        nonlocal remembered
        remembered = True
        if not requests.add(conn, known, digest, answer, time_us=now_us()):
            raise AlreadyExists("the same request was carried out meanwhile")

    try:
        result = act(remember)
    except DatavcError:
        done = _find(vs, known, digest)
        if done is None:
            raise
        return repeat(done)
    # The first one of two that ran side by side has won, and this one found its result.
    done = None if remembered else _find(vs, known, digest)
    return result if done is None else repeat(done)


def _find(vs: VersionedStore, key: str, digest: bytes) -> dict[str, object] | None:
    with vs.db.read() as conn:
        row = requests.find(conn, key)
    if row is None:
        return None
    if row.digest != digest:
        raise Conflict(
            "the idempotency key was used for another request", hint="make a new key for each"
        )
    return row.answer


def _forget(_conn: Connection, _answer: dict[str, object]) -> None:
    return
