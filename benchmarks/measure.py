"""Runs the sides of a row in turn, and takes the medians."""

from __future__ import annotations

import mmap
import os
import statistics
import time
from dataclasses import dataclass

from benchmarks.row import Pair, Side

_PAGE = mmap.PAGESIZE


@dataclass(frozen=True)
class Timing:
    """Seconds that one side took."""

    name: str
    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.runs)


def measure(pair: Pair, runs: int, memory: int) -> list[Timing]:
    """Run every side once to warm up, then *runs* times in turn; ours first in the result."""
    sides = [pair.ours, *pair.peers]
    seconds: dict[str, list[float]] = {side.name: [] for side in sides}
    for number in range(-1, runs):
        # Whoever goes second finds other caches and disk queues, so they take turns at that too.
        for side in sides if number % 2 else sides[::-1]:
            taken = _time(side, memory)
            if number >= 0:
                seconds[side.name].append(taken)
    return [Timing(name, tuple(values)) for name, values in seconds.items()]


def _time(side: Side, memory: int) -> float:
    side.reset()
    os.sync()
    touch_memory(memory)
    start = time.perf_counter()
    own = side.run()
    return own if isinstance(own, float) else time.perf_counter() - start


def touch_memory(size: int) -> None:
    """Use *size* bytes once and give them back.

    A virtual machine takes memory from its host when it is first used, at a fraction of the speed
    of memory; whoever runs first would pay for that.
    """
    free = os.sysconf("SC_AVPHYS_PAGES") * _PAGE
    size = min(size, free * 3 // 4) // _PAGE * _PAGE
    if size:
        with mmap.mmap(-1, size) as memory:
            block = b"\1" * (1 << 20)
            for offset in range(0, size, len(block)):
                memory[offset : offset + len(block)] = block[: size - offset]
