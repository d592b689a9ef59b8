"""What a host has for datums, and sharing it between jobs: no more at a time than there is."""

from __future__ import annotations

import math
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: Seconds after which one who waits looks whether it still should.
_LOOK_SECONDS = 0.5
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
#: Where NVIDIA's driver has a folder for each graphics processor.
_GPUS = Path("/proc/driver/nvidia/gpus")


@dataclass(frozen=True, slots=True)
class Share:
    """What a datum needs, or a host has."""

    #: Processors, as a fraction.
    cpus: float
    #: Bytes.
    memory: int
    #: Graphics processors.
    gpus: int = 0

    def fits(self, other: Share) -> bool:
        """Whether *other* has as much."""
        return (
            self.cpus <= other.cpus + 1e-9
            and self.memory <= other.memory
            and self.gpus <= other.gpus
        )

    def __add__(self, other: Share) -> Share:
        return Share(self.cpus + other.cpus, self.memory + other.memory, self.gpus + other.gpus)

    def __sub__(self, other: Share) -> Share:
        return Share(self.cpus - other.cpus, self.memory - other.memory, self.gpus - other.gpus)

    def no_more_than(self, other: Share) -> Share:
        """As much of it as *other* has."""
        return Share(
            min(self.cpus, other.cpus), min(self.memory, other.memory), min(self.gpus, other.gpus)
        )

    def describe(self) -> str:
        """What there is of it, for people."""
        memory = f"{self.memory / 2**30:.4g} GiB" if self.memory >= 2**30 else ""
        parts = (
            (self.cpus, f"{self.cpus:g} processor{'s' * (self.cpus != 1)}"),
            (self.memory, f"{memory or f'{self.memory / 2**20:.4g} MiB'} of memory"),
            (self.gpus, f"{self.gpus} graphics processor{'s' * (self.gpus != 1)}"),
        )
        *first, last = [text for amount, text in parts if amount] or ["nothing"]
        return f"{', '.join(first)} and {last}" if first else last


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody holds of a host."""

    share: Share
    #: Which graphics processors: 0 is the host's first one.
    gpus: tuple[int, ...] = ()


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


def host_gpus() -> int:
    """The graphics processors that NVIDIA's driver knows here."""
    try:
        return len(os.listdir(_GPUS))
    except OSError:
        return 0


def host_share() -> Share:
    """What this process may use of its host."""
    return Share(host_cpus(), host_memory(), host_gpus())


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
        self._free_gpus = set(range(total.gpus))
        self._used: defaultdict[str, float] = defaultdict(float)
        #: Who waits, in the order in which they came: a number, the party, and what it needs.
        self._waiting: dict[int, tuple[str, Share]] = {}
        self._count = 0
        self._expected: set[str] = set()
        self._changed = threading.Condition()

    @property
    def has_spare(self) -> bool:
        """Whether somebody who comes now would find a processor free, and nobody waiting."""
        with self._changed:
            return not self._waiting and self._free.cpus > 1e-9

    @property
    def is_short(self) -> bool:
        """Whether somebody waits for a share."""
        return bool(self._waiting)

    @property
    def is_booked(self) -> bool:
        """Whether all that is free is spoken for by parties that are expected.

        Where nothing is free, one of them is enough.
        """
        with self._changed:
            spare = not self._waiting and self._free.cpus > 1e-9
            return len(self._expected) >= (math.ceil(self.total.cpus) if spare else 1)

    def expect(self, party: str) -> None:
        """Count *party* as expected until it has its first share, or :meth:`expect_no_more`."""
        with self._changed:
            self._expected.add(party)

    def expect_no_more(self, party: str) -> None:
        """It may have come or not."""
        with self._changed:
            self._expected.discard(party)

    @contextmanager
    def take(
        self,
        party: str,
        share: Share,
        stopped: Callable[[], bool],
        same_gpus: Collection[int] = (),
    ) -> Iterator[Grant | None]:
        """Wait until *share* is free, and hold it during the block.

        A share that is larger than all there is waits until everything is free.

        Args:
            party: for whom; those who have least are served first.
            share: how much.
            stopped: whether to give up waiting; asked every half second.
            same_gpus: graphics processors that are taken before others, if they are free.

        Yields:
            What is held; ``None`` after giving up.
        """
        held = self._acquire(party, share.no_more_than(self.total), stopped, same_gpus)
        try:
            yield held
        finally:
            if held is not None:
                self._release(party, held)

    def _acquire(
        self,
        party: str,
        wanted: Share,
        stopped: Callable[[], bool],
        same_gpus: Collection[int],
    ) -> Grant | None:
        with self._changed:
            self._count += 1
            number = self._count
            self._waiting[number] = (party, wanted)
            try:
                while self._first() != number or not wanted.fits(self._free):
                    if stopped():
                        return None
                    self._changed.wait(_LOOK_SECONDS)
                self._free -= wanted
                self._expected.discard(party)
                self._used[party] += max(wanted.cpus, 1e-6)
                by_choice = sorted(self._free_gpus, key=lambda gpu: (gpu not in same_gpus, gpu))
                gpus = tuple(sorted(by_choice[: wanted.gpus]))
                self._free_gpus -= set(gpus)
                return Grant(wanted, gpus)
            finally:
                del self._waiting[number]
                self._changed.notify_all()

    def _release(self, party: str, grant: Grant) -> None:
        with self._changed:
            self._free += grant.share
            self._free_gpus |= set(grant.gpus)
            self._used[party] -= max(grant.share.cpus, 1e-6)
            if self._used[party] < 1e-9:
                del self._used[party]
            self._changed.notify_all()

    def _first(self) -> int:
        return min(
            self._waiting, key=lambda number: (self._used.get(self._waiting[number][0], 0), number)
        )
