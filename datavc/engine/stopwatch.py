"""Measuring how long the parts of a piece of work take, and when they were done."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lap:
    """A part of a piece of work; times are microseconds since 1970."""

    name: str
    start_us: int
    end_us: int


class Stopwatch:
    """Adds up the time spent in its ``with`` blocks.

    Args:
        name: of what is done in them.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        #: So far.
        self.seconds = 0.0
        self.laps: list[Lap] = []
        self._began_us = 0
        self._started = 0.0

    def __enter__(self) -> None:
        self._began_us = time.time_ns() // 1000
        self._started = time.monotonic()

    def __exit__(self, *_: object) -> None:
        took = time.monotonic() - self._started
        self.seconds += took
        self.laps.append(Lap(self._name, self._began_us, self._began_us + round(took * 1e6)))
