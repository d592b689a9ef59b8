"""Reading lists that the server answers in pages."""

from __future__ import annotations

from typing import TypeVar

from datavc.client.http_answer import Items, decode
from datavc.client.http_session import HttpSession, Parameters

Item = TypeVar("Item")

#: Most items that the server gives at once.
_MOST = 10_000


def read_pages(
    session: HttpSession,
    path: str,
    kind: type[Item],
    query: Parameters | None = None,
    timeout: float | None = None,
) -> list[Item]:
    """All items of a list, or as many as the query's ``limit`` says."""
    asked = dict(query or {})
    limit = asked.get("limit")
    left = limit if isinstance(limit, int) else None
    found: list[Item] = []
    while True:
        if left is not None:
            asked["limit"] = min(left, _MOST)
        response = session.send("GET", path, query=asked, timeout=timeout)
        page = decode(response, Items[kind])  # type: ignore[valid-type]
        found += page.items
        if left is not None:
            left -= len(page.items)
        if page.next is None or (left is not None and left <= 0):
            return found
        asked["cursor"] = page.next
