"""What came out of a row, and the file that keeps it between runs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import Role, Timing
from benchmarks.row import Row


@dataclass(frozen=True)
class Result:
    """A row's figures."""

    row: str
    #: The day it was measured, and on what.
    day: str
    machine: str
    peers: str
    #: Ours first.
    timings: tuple[Timing, ...]
    #: What else there is to say.
    notes: tuple[str, ...]

    @property
    def ours(self) -> Timing:
        """That of datavc."""
        return self.timings[0]

    def of(self, role: Role) -> list[Timing]:
        """Those of one role."""
        return [each for each in self.timings if each.role is role]

    def best_peer(self) -> Timing | None:
        """The fastest peer; None without peers."""
        return min(self.of(Role.PEER), key=lambda each: each.median, default=None)

    def ratio(self) -> float | None:
        """Our median over the fastest peer's; None without peers."""
        best = self.best_peer()
        return self.ours.median / best.median if best else None

    def reached(self, row: Row) -> float | None:
        """The figure that the target is about; None where there was nothing to compare with."""
        target = row.target
        of = self._named(target.of) if target.of else self.ours
        if of is None or target.seconds:
            return of.median if of else None
        over = self._named(target.over) if target.over else self.best_peer()
        return of.median / over.median if over else None

    def is_met(self, row: Row) -> bool | None:
        """Whether the target is met; None where there was nothing to compare with."""
        reached = self.reached(row)
        if reached is None:
            return None
        grows = max(self.ours.grown, default=0)
        return reached <= row.target.at_most and grows <= (row.grows_at_most or grows)

    def _named(self, name: str) -> Timing | None:
        return next((each for each in self.timings if each.name == name), None)


def load(path: Path) -> dict[str, Result]:
    """Results kept by row, where there are any."""
    if not path.exists():
        return {}
    return {name: _read(document) for name, document in json.loads(path.read_text()).items()}


def save(path: Path, results: dict[str, Result]) -> None:
    """Keep results."""
    path.write_text(
        json.dumps({name: asdict(result) for name, result in results.items()}, indent=1) + "\n"
    )


def _read(document: dict[str, Any]) -> Result:
    timings = tuple(
        Timing(
            each["name"],
            Role(each["role"]),
            *(tuple(each[figures]) for figures in ("runs", "processor", "grown")),
        )
        for each in document["timings"]
    )
    return Result(**{**document, "timings": timings, "notes": tuple(document["notes"])})
