"""Answers that come in pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Generic, TypeVar

from pydantic import BaseModel, Field

from datavc.errors import InvalidInput

Item = TypeVar("Item")

_END_OF_TIME_US = 2**63
_DIGITS = 20


class Items(BaseModel, Generic[Item]):
    """All there are."""

    items: list[Item]


class Page(BaseModel, Generic[Item]):
    """Some of many."""

    items: list[Item]
    next: str | None = Field(
        default=None, description="The `cursor` of the next page; null on the last one."
    )


def page_of(found: Iterator[Item], limit: int, place: Callable[[Item], str]) -> Page[Item]:
    """The first *limit* of *found*, and a cursor to go on behind the last one's *place*."""
    items = list(islice(found, limit))
    more = len(items) == limit and next(found, None) is not None
    return Page(items=items, next=encode_cursor(place(items[-1])) if more else None)


def page_list(
    found: Iterable[Item], limit: int, cursor: str | None, place: Callable[[Item], str]
) -> Page[Item]:
    """A page of a list that is sorted by *place*, past what *cursor* names."""
    after = decode_cursor(cursor)
    return page_of((one for one in found if place(one) > after), limit, place)


def newest_first(time_us: int, name: str = "") -> str:
    """The place in a list that begins with the newest; equal times go by name."""
    return f"{_END_OF_TIME_US - time_us:0{_DIGITS}d}{name}"


def time_and_name(place: str) -> tuple[int, str]:
    """What :func:`newest_first` has made *place* of.

    Raises:
        InvalidInput: it has not made it.
    """
    digits, name = place[:_DIGITS], place[_DIGITS:]
    if len(digits) == _DIGITS and digits.isdecimal() and 0 < int(digits) <= _END_OF_TIME_US:
        return _END_OF_TIME_US - int(digits), name
    raise no_cursor(encode_cursor(place))


def encode_cursor(place: str) -> str:
    """A cursor: opaque to clients, and safe in a URL."""
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> str:
    """The place that a cursor stands for; ``""`` for none.

    Raises:
        InvalidInput: it is no cursor.
    """
    try:
        padded = (cursor or "") + "=" * (-len(cursor or "") % 4)
        return base64.b64decode(padded, b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise no_cursor(cursor) from None


def decode_name(cursor: str | None) -> str:
    """The place that a cursor stands for, to be looked for by the database.

    Raises:
        InvalidInput: it is no cursor.
    """
    place = decode_cursor(cursor)
    if "\0" in place:
        # No name holds one, and PostgreSQL takes none.
        raise no_cursor(cursor)
    return place


def no_cursor(cursor: str | None) -> InvalidInput:
    """The error for a cursor that no page has given."""
    return InvalidInput(f"{cursor!r} is no cursor", hint="use `next` of the page before")
