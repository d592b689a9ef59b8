"""Times as people write them: ``2026-11-01``, ``2026-11-01 14:30``, ``2 days ago``."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from datavc.errors import InvalidInput

_AGO = re.compile(r"(\d+)[ .]*(second|minute|hour|day|week|month|year)s?[ .]*ago")
_SECONDS = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86_400,
    "week": 7 * 86_400,
    "month": 30 * 86_400,
    "year": 365 * 86_400,
}
_NAMED = {"now": 0, "yesterday": 86_400}


def parse_moment(text: str, now_us: int) -> int:
    """The time that *text* means, in microseconds since the Unix epoch.

    A month has 30 days, a year 365. A time without a zone is one in UTC, as is a date, which means
    its first moment.

    Args:
        text: what was written.
        now_us: the present time.

    Raises:
        InvalidInput: it is no time.
    """
    cleaned = text.strip().lower()
    ago = _AGO.fullmatch(cleaned)
    if ago is not None:
        return now_us - int(ago[1]) * _SECONDS[ago[2]] * 1_000_000
    if cleaned in _NAMED:
        return now_us - _NAMED[cleaned] * 1_000_000
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput(
            f"{text!r} is no time", hint="write '2 days ago', 2026-11-01 or '2026-11-01 14:30'"
        ) from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return round(found.timestamp() * 1_000_000)
