"""What one piece of work took."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Figure:
    """Time, bytes handed to the system to be written, and the most memory that was held."""

    seconds: float
    written: int
    memory: int

    @classmethod
    def median_of(cls, figures: Sequence[Self]) -> Self:
        """The middle time and number of bytes, and the most memory."""
        return cls(
            statistics.median(one.seconds for one in figures),
            round(statistics.median(one.written for one in figures)),
            max(one.memory for one in figures),
        )
