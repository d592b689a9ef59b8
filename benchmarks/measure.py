"""Runs the sides of a row in turn, and takes the medians."""

from __future__ import annotations

import mmap
import os
import statistics
import time
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, repeat
from typing import NamedTuple

from benchmarks.row import Contest, Side

_PAGE = mmap.PAGESIZE
#: Times as long as the fastest that still makes a peer worth measuring well.
_NEAR = 1.25


class Role(StrEnum):
    """What a side stands for in its row."""

    OURS = "ours"
    PEER = "peer"
    BESIDE = "beside"


@dataclass(frozen=True)
class Timing:
    """What one side took."""

    name: str
    role: Role
    #: Seconds of each run.
    runs: tuple[float, ...]
    #: Seconds of processor time of each run, in this process and in those that it started.
    processor: tuple[float, ...] = ()
    #: Bytes that each run added to what is stored, where the row is about that.
    grown: tuple[int, ...] = ()

    @property
    def median(self) -> float:
        """The middle one, in seconds."""
        return statistics.median(self.runs)


def measure(contest: Contest, runs: int, memory: int, patience: float) -> list[Timing]:
    """Run every side once to warm up, then *runs* times in turn; ours first in the result.

    Args:
        contest: the sides.
        runs: how often. With 1, the first run counts, and nothing is warmed up.
        memory: bytes to touch before each run.
        patience: seconds. A peer whose first run takes longer than that, and is not near the
            fastest peer's, is not run again: that run counts.
    """
    sides = [contest.ours, *contest.peers, *contest.beside]
    taken = {side.name: [_run(side, memory)] for side in sides}
    if runs > 1:
        seconds = {peer.name: taken[peer.name][0].seconds for peer in contest.peers}
        limit = max(patience, _NEAR * min(seconds.values(), default=0))
        again = [side for side in sides if seconds.get(side.name, 0) <= limit]
        for side in again:
            taken[side.name].clear()
        for number in range(runs):
            # Whoever goes second finds other caches and disk queues: they take turns at that too.
            for side in again if number % 2 else again[::-1]:
                taken[side.name].append(_run(side, memory))
    for side in sides:
        side.check()
    roles = chain([Role.OURS], repeat(Role.PEER, len(contest.peers)), repeat(Role.BESIDE))
    return [
        _timing(side.name, role, taken[side.name]) for side, role in zip(sides, roles, strict=False)
    ]


class _Run(NamedTuple):
    seconds: float
    processor: float
    grown: int | None


def _timing(name: str, role: Role, runs: list[_Run]) -> Timing:
    return Timing(
        name,
        role,
        runs=tuple(run.seconds for run in runs),
        processor=tuple(run.processor for run in runs),
        grown=tuple(run.grown for run in runs if run.grown is not None),
    )


def _run(side: Side, memory: int) -> _Run:
    side.reset()
    before = side.stored() if side.stored else 0
    os.sync()
    touch_memory(memory)
    used, start = _processor_time(), time.perf_counter()
    own = side.run()
    seconds = own if isinstance(own, float) else time.perf_counter() - start
    used = _processor_time() - used
    return _Run(seconds, used, side.stored() - before if side.stored else None)


def _processor_time() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


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
