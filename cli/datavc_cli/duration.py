"""Lengths of time as people write them: ``90d``, ``12h``, ``30m``, ``45s``."""

from __future__ import annotations

import re

from datavc.errors import InvalidInput

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600, "y": 365 * 24 * 3600}
_DURATION = re.compile(r"([0-9]{1,9})([smhdwy])")


def parse_duration(text: str) -> int:
    """Seconds.

    Raises:
        InvalidInput: it is no such text.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None and text.strip() != "0":
        raise InvalidInput(
            f"{text!r} is no length of time", hint="write a number and s, m, h, d, w or y: 30d"
        )
    return 0 if match is None else int(match[1]) * _UNITS[match[2]]


def format_duration(seconds: int) -> str:
    """The shortest exact form of a length of time."""
    for unit in ("w", "d", "h", "m"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]}{unit}"
    return f"{seconds}s"
