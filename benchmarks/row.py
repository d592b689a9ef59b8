"""What a row of the benchmark table is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.bench import Bench
    from benchmarks.measure import Timing


class Missing(Exception):
    """A peer or service is not installed here; says which, and how to get it."""


def nothing() -> None:
    """Nothing has to be done."""


@dataclass(frozen=True)
class Side:
    """One program that does the work."""

    name: str
    #: Does the work; gives seconds as a float where it measures itself, else the call is timed.
    run: Callable[[], object]
    #: Puts everything back to where the work can start again. Not timed.
    reset: Callable[[], object] = nothing
    #: Bytes that the program stores, where the row is about what a run adds to them.
    stored: Callable[[], int] | None = None
    #: Called once after the last run: fails where the result is wrong.
    check: Callable[[], object] = nothing


@dataclass
class Contest:
    """The sides of a row, ready to run."""

    ours: Side
    #: Other programs. The fastest of them is what datavc is compared with.
    peers: list[Side] = field(default_factory=list)
    #: What no other program does: a physical limit, or another way to do it with datavc.
    beside: list[Side] = field(default_factory=list)
    #: Peers that are not installed here, with the reason.
    absent: list[str] = field(default_factory=list)
    #: Called once with what was measured; gives what else is to be said.
    facts: Callable[[list[Timing]], list[str]] = lambda _: []


@dataclass(frozen=True)
class Target:
    """What a row's figures shall be.

    Args:
        at_most: a ratio; or seconds, where it is compared with nothing.
        over: the side beside that it is over; None for the fastest peer.
        of: the side that it is about; None for datavc's first.
        seconds: whether *at_most* is in seconds.
    """

    at_most: float
    over: str | None = None
    of: str | None = None
    seconds: bool = False

    def __str__(self) -> str:
        about = f"{self.of}: " if self.of else ""
        if self.seconds:
            return f"{about}{self.at_most * 1000:g} ms"
        return f"{about}{self.at_most:.3g}x {self.over or 'best peer'}"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    work: str
    target: Target
    #: Bytes of memory that the work takes from the system, page cache included, at scale 1.
    memory: int
    prepare: Callable[[Bench], Contest]
    #: Name of the work that it shares with other rows.
    data: str = ""
    #: Bytes that a run of ours may add to what is stored.
    grows_at_most: int | None = None
