"""Sizes as people write them: ``1048576``, ``64M``, ``1Gi``, ``10MB``."""

from __future__ import annotations

import re

_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kKMGTPE]?)(i?)B?")
_POWERS = " KMGTPE"


def parse_size(text: str) -> int | None:
    """The bytes that *text* means; ``None`` for anything else, and for 0.

    ``M`` is a million, ``Mi`` 2**20, and so on; a ``B`` may follow.
    """
    match = _SIZE.fullmatch(text)
    if match is None or (match[3] and not match[2]):
        return None
    power = _POWERS.index(match[2].upper() or " ")
    return int(float(match[1]) * (1024 if match[3] else 1000) ** power) or None
