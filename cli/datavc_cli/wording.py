"""How values read on a terminal: sizes, times, ids, and names that must not harm it."""

from __future__ import annotations

import time
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datavc.model.file_info import DiffStats

#: Digits of an id that a terminal shows.
SHORT = 12

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
#: Control, format (such as text direction), surrogate, and line and paragraph separators.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def safe(text: str) -> str:
    """*text* with every character escaped that could move a terminal's cursor or mislead."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        _escape(char) if unicodedata.category(char) in _UNSAFE else char for char in text
    )


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def short(identifier: str | None) -> str:
    """The first digits of an id; a dash for none."""
    return identifier[:SHORT] if identifier else "-"


def size(count: int) -> str:
    """A number of bytes, such as ``1.5 MiB``."""
    value = float(count)
    for unit in _UNITS:
        if value < 1024 or unit == _UNITS[-1]:
            break
        value /= 1024
    return f"{count} B" if unit == "B" else f"{value:.1f} {unit}"


def moment(time_us: int | None) -> str:
    """A time in the local zone, such as ``2026-03-01 14:05:09``; a dash for none."""
    if time_us is None:
        return "-"
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time_us // 1_000_000))


def seconds(value: float) -> str:
    """A duration, such as ``0.3 s`` or ``2 min 5 s``."""
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def count(number: int, noun: str) -> str:
    """``1 file``, ``2,000 files``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def short_run(identifier: str) -> str:
    """The first digits of a job's or run's id.

    More than of others: the first 12 digits are the time, which the jobs of one run share.
    """
    return identifier[:20]


def describe_stats(totals: DiffStats) -> str:
    """The totals of a diff."""
    files = count(totals.added + totals.removed + totals.modified, "file")
    return (
        f"{files} changed: {totals.added:,} added, {totals.removed:,} removed, "
        f"{totals.modified:,} modified; {size(totals.bytes_removed)} before, "
        f"{size(totals.bytes_added)} after"
    )
