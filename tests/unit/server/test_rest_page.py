"""The REST page names what the server serves, and the codes of its errors."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from datavc_server import routers

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "rest.md"
ROUTE = re.compile(r'@router\.(?:get|post|put|delete|patch)\(\s*"([^"]*)"')
PREFIX = re.compile(r'APIRouter\(prefix="([^"]*)"')


def last_words() -> list[str]:
    """The last part with a fixed name of every route."""
    found = set()
    for source in Path(routers.__path__[0]).glob("*.py"):
        text = source.read_text()
        prefix = "".join(PREFIX.findall(text))
        for path in ROUTE.findall(text):
            fixed = [part for part in (prefix + path).split("/") if part and part[0] != "{"]
            found.add(fixed[-1])
    return sorted(found)


@pytest.mark.parametrize("word", last_words())
def test_every_route_is_named(word: str) -> None:
    assert re.search(rf"/{word}\b", PAGE.read_text())
