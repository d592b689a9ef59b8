"""Memory and processor time of processes, looked at while they work."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
#: Seconds between two looks.
_EVERY = 1.0
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Memory:
    """How the memory of one process has gone, in MiB; see :func:`memory_of`."""

    name: str
    most: float
    #: Medians of the first and of the last quarter of the run.
    first_quarter: float
    last_quarter: float
    #: MiB a minute over the second half, by least squares: the first one fills the caches.
    slope: float


class ProcessWatch:
    """Looks at processes until it is stopped. A context manager.

    Args:
        pids: of each name, the process that has it now, if there is one.
    """

    def __init__(self, pids: Mapping[str, Callable[[], int | None]]) -> None:
        self._pids = pids
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="process-watch")
        #: Seconds and bytes, by name.
        self._memory: dict[str, list[tuple[float, int]]] = {name: [] for name in pids}
        #: Seconds of processor time, by process.
        self._used: dict[str, dict[int, float]] = {name: {} for name in pids}

    def __enter__(self) -> ProcessWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def memory(self) -> list[Memory]:
        """How the memory of each has gone."""
        return [memory_of(name, seen) for name, seen in self._memory.items() if seen]

    @property
    def processor_seconds(self) -> float:
        """What all of them took together since it began to look."""
        return sum(sum(used.values()) for used in self._used.values())

    def _look(self) -> None:
        begin: dict[int, float] = {}
        started = time.monotonic()
        while True:
            for name, pid_of in self._pids.items():
                pid = pid_of()
                try:
                    seen = None if pid is None else (resident_bytes(pid), processor_time(pid))
                except OSError:
                    # It was killed meanwhile.
                    continue
                if pid is None or seen is None:
                    continue
                self._memory[name].append((time.monotonic() - started, seen[0]))
                # One that is started later has all its time counted.
                known = begin.setdefault(pid, seen[1] if len(self._memory[name]) == 1 else 0.0)
                self._used[name][pid] = seen[1] - known
            if self._over.wait(_EVERY):
                return


def memory_of(name: str, seen: list[tuple[float, int]]) -> Memory:
    """What samples of time (seconds) and size (bytes) come to."""
    sizes = [size / _MIB for _, size in seen]
    quarter = max(1, len(sizes) // 4)
    half = seen[len(seen) // 2 :]
    slope = 0.0
    if len(half) > 1:
        minutes = [seconds / 60 for seconds, _ in half]
        slope = statistics.linear_regression(minutes, [size / _MIB for _, size in half]).slope
    return Memory(
        name,
        max(sizes),
        statistics.median(sizes[:quarter]),
        statistics.median(sizes[-quarter:]),
        slope,
    )


def resident_bytes(pid: int) -> int:
    """Bytes of memory that a process holds; see proc_pid_statm(5)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def processor_time(pid: int) -> float:
    """Seconds of processor time of a process and its threads; see proc_pid_stat(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
