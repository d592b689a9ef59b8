"""``$1`` in ``join_on`` and ``group_by``: what a glob's brackets have matched."""

from __future__ import annotations

import re
from collections.abc import Sequence

_REFERENCE = re.compile(r"\$(?:\{(\d+)\}|(\d+))")


def fill_captures(template: str, captures: Sequence[str]) -> str:
    """*template* with ``$1`` or ``${1}`` replaced by the first of *captures*, and so on.

    A number that there is no capture for becomes nothing.
    """

    def replace(found: re.Match[str]) -> str:
        number = int(found[1] or found[2])
        return captures[number - 1] if 0 < number <= len(captures) else ""

    return _REFERENCE.sub(replace, template)


def captures_used(template: str) -> frozenset[int]:
    """The numbers that *template* refers to."""
    return frozenset(int(found[1] or found[2]) for found in _REFERENCE.finditer(template))
