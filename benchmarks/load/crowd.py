"""Many clients: as threads of several processes, so that no interpreter is their limit."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from benchmarks.load.load_client import LoadClient, Place
from benchmarks.load.told import Told

#: Clients that one process is used for at least.
_FEWEST = 8


class Crowd:
    """Clients that work by themselves until the time that each has been given.

    Args:
        places: of each client.
    """

    def __init__(self, places: Sequence[Place]) -> None:
        count = max(1, min(os.cpu_count() or 1, len(places) // _FEWEST))
        self._pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"))
        self._working = [
            self._pool.submit(_work, list(places[number::count])) for number in range(count)
        ]

    def wait(self) -> tuple[Told, float]:
        """Wait for all; what they tell, and the seconds of processor time that they took."""
        told, seconds = Told(), 0.0
        with self._pool:
            for working in self._working:
                found, used = working.result()
                told.add(found)
                seconds += used
        return told, seconds


def _work(places: list[Place]) -> tuple[Told, float]:
    told = Told()
    with ThreadPoolExecutor(len(places)) as threads:
        for found in threads.map(lambda place: LoadClient(place).work(), places):
            told.add(found)
    times = os.times()
    return told, times.user + times.system
