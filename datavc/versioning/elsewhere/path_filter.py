"""Patterns that say which files of a folder are meant: those of ``.gitignore``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from datavc.errors import InvalidInput

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


class PathFilter:
    """Selects paths, given relative to the source.

    Args:
        include: without any, everything; else only what one of them matches.
        exclude: what is left out of that.

    Raises:
        InvalidInput: a pattern is malformed.
    """

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        self._include = _read(include)
        self._exclude = _read(exclude)

    def selects(self, path: str) -> bool:
        """Whether a file is meant."""
        if self._exclude is not None and self._exclude.match_file(path):
            return False
        return self._include is None or self._include.match_file(path)


def _read(patterns: Sequence[str]) -> GitIgnoreSpec | None:
    if not patterns:
        return None
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(patterns)
    except ValueError as error:
        raise InvalidInput(f"a pattern cannot be read: {error}") from None
