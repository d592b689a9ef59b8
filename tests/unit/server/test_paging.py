from __future__ import annotations

import pytest

from datavc.errors import InvalidInput
from datavc_server.paging import decode_cursor, encode_cursor, page_of


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
def test_pages_hold_everything_once(count: int) -> None:
    names = [f"\u00fc/{number}" for number in range(count)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        after = decode_cursor(cursor)
        page = page_of((name for name in names if name > after), 2, lambda name: name)
        seen += page.items
        cursor = page.next
        if cursor is None:
            break
        assert len(page.items) == 2
    assert seen == names


@pytest.mark.parametrize("place", ["", "a", "a/b/", "\U0001f600", "~" * 300])
def test_cursors(place: str) -> None:
    assert decode_cursor(encode_cursor(place)) == place


@pytest.mark.parametrize("text", ["%", "a", "/w==", "_w"])
def test_other_texts_are_no_cursors(text: str) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        decode_cursor(text)
