"""What a row of the benchmark table is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.bench import Bench


class Missing(Exception):
    """A peer or service is not installed here; says which."""


def nothing() -> None:
    """Nothing has to be put back."""


@dataclass(frozen=True)
class Side:
    """One program that does the work."""

    name: str
    #: Does the work; gives seconds as a float where it measures itself, else the call is timed.
    run: Callable[[], object]
    #: Puts everything back to where the work can start again. Not timed.
    reset: Callable[[], object] = nothing


@dataclass
class Pair:
    """The sides of a row, ready to run."""

    ours: Side
    #: The one that the limit is about comes first. None where the limit is in seconds.
    peers: list[Side] = field(default_factory=list)
    #: Peers that are not installed here, with the reason.
    absent: list[str] = field(default_factory=list)
    #: Called once after the last run; gives what else is to be said, such as bytes stored.
    facts: Callable[[], list[str]] = list


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    work: str
    against: str
    #: Our time over the first peer's at most; or, without peers, seconds at most.
    at_most: float
    #: Bytes of memory that the work takes from the system, page cache included, at scale 1.
    memory: int
    prepare: Callable[[Bench], Pair]
