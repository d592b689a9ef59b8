"""What a run came to, and the file that keeps it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from benchmarks.load.faults import Outage
from benchmarks.load.process_watch import Memory
from benchmarks.load.told import Taken


@dataclass(frozen=True, slots=True)
class Figure:
    """How long one kind of operation took, in seconds."""

    kind: str
    count: int
    p50: float
    p95: float
    p99: float
    longest: float


@dataclass(frozen=True)
class Outcome:
    """All figures of one run."""

    day: str
    machine: str
    #: Of the machine before the run.
    load_before: float
    clients: int
    seconds: float
    figures: list[Figure]
    commits: int
    #: Operations that were given up since something was away; their clients went on by themselves.
    refused: int
    #: Commits of which no client knows if they landed.
    unknown: int
    errors: list[str]
    #: What is wrong with what was stored.
    problems: list[str]
    memory: list[Memory]
    #: Seconds of processor time of all servers, and of the clients.
    servers_processor: float
    clients_processor: float
    outages: list[Outage]

    @property
    def operations(self) -> int:
        """Operations that were carried out."""
        return sum(figure.count for figure in self.figures)

    @property
    def is_clean(self) -> bool:
        """Whether nothing went wrong that may not."""
        away = bool(self.outages)
        return not (self.errors or self.problems or (self.refused and not away))

    def to_dict(self) -> dict[str, object]:
        """As it is kept."""
        return asdict(self) | {"outages": [outage._asdict() for outage in self.outages]}

    @classmethod
    def from_dict(cls, kept: dict[str, object]) -> Self:
        """As it was kept."""
        given = json.loads(json.dumps(kept))
        given["figures"] = [Figure(**one) for one in given["figures"]]
        given["memory"] = [Memory(**one) for one in given["memory"]]
        given["outages"] = [Outage(**one) for one in given["outages"]]
        return cls(**given)


def figures_of(taken: Iterable[Taken]) -> list[Figure]:
    """The figures of each kind of operation, the most frequent first."""
    seconds: dict[str, list[float]] = {}
    for one in taken:
        seconds.setdefault(one.kind, []).append(one.seconds)
    found = [_figure(kind, sorted(times)) for kind, times in seconds.items()]
    return sorted(found, key=lambda figure: -figure.count)


def _figure(kind: str, times: Sequence[float]) -> Figure:
    p50, p95, p99 = (percentile(times, part) for part in (0.5, 0.95, 0.99))
    return Figure(kind, len(times), p50, p95, p99, times[-1])


def percentile(times: Sequence[float], part: float) -> float:
    """The least of *times*, which are sorted, that so great a part of them does not exceed."""
    return times[max(math.ceil(part * len(times)) - 1, 0)]


def load(path: Path) -> dict[str, Outcome]:
    """What was kept of earlier runs: ``calm`` and ``faults``."""
    if not path.exists():
        return {}
    return {name: Outcome.from_dict(kept) for name, kept in json.loads(path.read_text()).items()}


def save(path: Path, outcomes: dict[str, Outcome]) -> None:
    """Keep them."""
    kept = {name: outcome.to_dict() for name, outcome in sorted(outcomes.items())}
    path.write_text(json.dumps(kept, indent=1) + "\n")
