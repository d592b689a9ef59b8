"""Times as people write them."""

from __future__ import annotations

import pytest

from datavc.errors import InvalidInput
from datavc.model.moment import parse_moment

NOW = 1_800_000_000_000_000


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("now", 0),
        ("yesterday", 86_400),
        ("1 second ago", 1),
        ("90 minutes ago", 5400),
        ("2 days ago", 172_800),
        ("2.days.ago", 172_800),
        ("1 Week ago", 604_800),
    ],
)
def test_times_before_now(text: str, seconds: int) -> None:
    assert parse_moment(text, NOW) == NOW - seconds * 1_000_000


@pytest.mark.parametrize(
    ("text", "time_us"),
    [
        ("1970-01-02", 86_400_000_000),
        ("1970-01-01 01:00", 3_600_000_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:01.5Z", 1_500_000),
    ],
)
def test_dates(text: str, time_us: int) -> None:
    assert parse_moment(text, NOW) == time_us


@pytest.mark.parametrize("text", ["", "soon", "2 fortnights ago", "2026-13-01", "days ago"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(InvalidInput, match="is no time"):
        parse_moment(text, NOW)
