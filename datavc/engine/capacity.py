"""What a host has for datums, and sharing it between jobs: no more at a time than there is."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: Seconds after which one who waits looks whether it still should.
_LOOK_SECONDS = 0.5
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True, slots=True)
class Share:
    """What a datum needs, or a host has."""

    #: Processors, as a fraction.
    cpus: float
    #: Bytes.
    memory: int

    def fits(self, other: Share) -> bool:
        """Whether *other* has as much."""
        return self.cpus <= other.cpus + 1e-9 and self.memory <= other.memory


def host_cpus() -> int:
    """The processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def host_memory() -> int:
    """The memory that this process may use, in bytes: the host's, or its container's."""
    host = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = _CGROUP_LIMIT.read_text(encoding="ascii").strip()
    except OSError:
        return host
    return min(host, int(limit)) if limit.isdecimal() else host


class Capacity:
    """Gives out a host's capacity, first to whoever has least of it.

    A party that waits for more than is free holds up those that come after it, so that small
    datums do not keep a large one waiting for ever.

    Args:
        total: what there is.
    """

    def __init__(self, total: Share) -> None:
        self.total = total
        self._free = total
        self._used: defaultdict[str, float] = defaultdict(float)
        #: Who waits, in the order in which they came: a number, the party, and what it needs.
        self._waiting: dict[int, tuple[str, Share]] = {}
        self._count = 0
        self._changed = threading.Condition()

    @property
    def has_spare(self) -> bool:
        """Whether somebody who comes now would find a processor free, and nobody waiting."""
        with self._changed:
            return not self._waiting and self._free.cpus > 1e-9

    @contextmanager
    def take(self, party: str, share: Share, stopped: Callable[[], bool]) -> Iterator[bool]:
        """Wait until *share* is free, and hold it during the block.

        A share that is larger than all there is waits until everything is free.

        Args:
            party: for whom; those who have least are served first.
            share: how much.
            stopped: whether to give up waiting; asked every half second.

        Yields:
            Whether it is held; ``False`` after giving up.
        """
        wanted = Share(min(share.cpus, self.total.cpus), min(share.memory, self.total.memory))
        held = self._acquire(party, wanted, stopped)
        try:
            yield held
        finally:
            if held:
                self._release(party, wanted)

    def _acquire(self, party: str, wanted: Share, stopped: Callable[[], bool]) -> bool:
        with self._changed:
            self._count += 1
            number = self._count
            self._waiting[number] = (party, wanted)
            try:
                while self._first() != number or not wanted.fits(self._free):
                    if stopped():
                        return False
                    self._changed.wait(_LOOK_SECONDS)
                self._free = Share(self._free.cpus - wanted.cpus, self._free.memory - wanted.memory)
                self._used[party] += max(wanted.cpus, 1e-6)
                return True
            finally:
                del self._waiting[number]
                self._changed.notify_all()

    def _release(self, party: str, share: Share) -> None:
        with self._changed:
            self._free = Share(self._free.cpus + share.cpus, self._free.memory + share.memory)
            self._used[party] -= max(share.cpus, 1e-6)
            if self._used[party] < 1e-9:
                del self._used[party]
            self._changed.notify_all()

    def _first(self) -> int:
        return min(
            self._waiting, key=lambda number: (self._used.get(self._waiting[number][0], 0), number)
        )
