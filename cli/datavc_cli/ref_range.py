"""Ranges of refs, as git writes them: ``REPO@A..B`` and ``REPO@A...B``."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Names of refs hold no two dots in a row; what is in braces is a time or a number.
_RANGE = re.compile(
    r"(?P<repo>[^@:]+)@(?P<first>(?:[^:{}]|\{[^}]*\})*?)(?P<dots>\.{2,3})"
    r"(?P<last>(?:[^:.{}]|\.(?!\.)|\{[^}]*\})*)(?P<inside>:.*)?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class RefRange:
    """Two refs of a repo; an empty one is the default branch."""

    repo: str
    first: str
    last: str
    #: Whether the first stands for the commit at which the two parted: there were three dots.
    since_parted: bool
    #: The colon and the path behind it, if there is one.
    inside: str

    def address(self, ref: str) -> str:
        """What names one side of it."""
        return f"{self.repo}@{ref}{self.inside}" if ref else f"{self.repo}{self.inside}"


def read_range(address: str) -> RefRange | None:
    """The range that an address holds, if it does."""
    found = _RANGE.fullmatch(address)
    if found is None:
        return None
    return RefRange(
        found["repo"],
        found["first"],
        found["last"],
        len(found["dots"]) == 3,
        found["inside"] or "",
    )
