"""Identifiers: content digests (BLAKE3-256) and time-ordered random ids."""

from __future__ import annotations

import os
import threading
import time

from blake3 import blake3

#: Length of a content digest in bytes.
DIGEST_SIZE = 32


def digest_of(data: bytes | bytearray | memoryview) -> bytes:
    """BLAKE3-256 of *data*, 32 bytes: the address of the content."""
    return blake3(data).digest()


class _Ticks:
    """Time in 1/4096 of a millisecond, never the same twice in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        milliseconds, rest = divmod(time.time_ns(), 1_000_000)
        now = milliseconds << 12 | (rest << 12) // 1_000_000
        with self._lock:
            self._last = max(now, self._last + 1)
            return self._last


_ticks = _Ticks()


def new_id() -> str:
    """A fresh id for a run, job or pack: 32 lower-case hex digits, ordered by creation time.

    Ids of one process are in the order in which they were made, also within a millisecond and
    when the clock is set back. Laid out as a version 7 UUID without the dashes (RFC 9562, section
    5.7; fractions of a millisecond in the 12 bits behind the version, section 6.2, method 3).
    """
    milliseconds, fraction = divmod(_ticks.next(), 1 << 12)
    random = int.from_bytes(os.urandom(8), "big") & (2**62 - 1)
    value = (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | fraction << 64 | 0x2 << 62 | random
    return f"{value:032x}"
