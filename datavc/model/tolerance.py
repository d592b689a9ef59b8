"""Whether two texts are the same but for small differences between their numbers."""

from __future__ import annotations

import math
import re

# A number as JSON, CSV and most logs write it; what is glued to a word is part of the word.
_NUMBER = re.compile(rb"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.])")


def differs_beyond(old: bytes, new: bytes, tolerance: float) -> str:
    """Why *new* is not *old* within a tolerance; ``""`` where it is.

    Everything between the numbers must be equal byte for byte, and each number *b* must be within
    ``tolerance * max(1, |a|, |b|)`` of its counterpart *a*: relative for large numbers, absolute
    for small ones.

    Args:
        old: a text, such as metrics in JSON or CSV.
        new: another one.
        tolerance: above 0.
    """
    if _NUMBER.split(old) != _NUMBER.split(new):
        return "more than numbers differ"
    for before, after in zip(_NUMBER.finditer(old), _NUMBER.finditer(new), strict=True):
        a, b = float(before[0]), float(after[0])
        if not math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance):
            return f"{before[0].decode()} became {after[0].decode()}"
    return ""
