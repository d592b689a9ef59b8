"""What came out of a row, and the file that keeps it between runs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.measure import Timing
from benchmarks.row import Row


@dataclass(frozen=True)
class Result:
    """A row's figures."""

    row: str
    #: The day it was measured, and on what.
    day: str
    machine: str
    peers: str
    timings: tuple[Timing, ...]
    #: What else there is to say.
    notes: tuple[str, ...]

    def ratio(self) -> float | None:
        """Our median over the first peer's; None without peers."""
        if len(self.timings) < 2:
            return None
        return self.timings[0].median / self.timings[1].median

    def is_within(self, row: Row) -> bool | None:
        """Whether the limit holds; None where there was nothing to compare with."""
        ratio = self.ratio()
        if ratio is None:
            return None if row.against else self.timings[0].median <= row.at_most
        return ratio <= row.at_most


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


def _read(document: dict[str, object]) -> Result:
    timings, notes = document["timings"], document["notes"]
    assert isinstance(timings, list)
    assert isinstance(notes, list)
    return Result(
        row=str(document["row"]),
        day=str(document["day"]),
        machine=str(document["machine"]),
        peers=str(document["peers"]),
        timings=tuple(Timing(each["name"], tuple(each["runs"])) for each in timings),
        notes=tuple(map(str, notes)),
    )
