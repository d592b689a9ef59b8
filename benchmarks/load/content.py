"""What a file holds, as its path alone says: whoever checks it need not have seen it written."""

from __future__ import annotations

import random

#: Sizes, and how often they come: most files are small, some are cut into several chunks.
_SIZES = (200, 4_000, 60_000, 1_500_000)
_WEIGHTS = (30, 50, 18, 2)


def content_of(path: str) -> bytes:
    """The content of the file at *path*: noise of a size that chance has chosen."""
    chance = random.Random(path)
    (size,) = chance.choices(_SIZES, _WEIGHTS)
    return chance.randbytes(size)
