"""Reading a server's answers, and saying who asks."""

from __future__ import annotations

from typing import Generic, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from datavc.errors import DatavcError

Item = TypeVar("Item")


class Items(msgspec.Struct, Generic[Item]):
    """A list, or a page of one."""

    items: list[Item]
    next: str | None = None


def decode(response: httpx.Response, kind: type[Item]) -> Item:
    """What an answer holds.

    Raises:
        DatavcError: it holds something else.
    """
    try:
        return msgspec.json.decode(response.content, type=kind)
    except msgspec.DecodeError as error:
        raise DatavcError(
            f"the server's answer to {response.request.url.path} cannot be read: {error}",
            hint="client and server should have the same version",
        ) from None


def by(author: str) -> dict[str, str]:
    """The header that says who is written down for a change."""
    return {"Datavc-Author": quote(author, safe=" @.+-_")}
