"""Which commits of a history are asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Commits that meet all that is set."""

    #: Only commits that changed this file, folder or glob.
    path: str = ""
    #: Text in the author, and in the message, whatever the case.
    author: str = ""
    text: str = ""
    #: Times as :func:`datavc.model.moment.parse_moment` reads them.
    since: str = ""
    until: str = ""
    #: A ref: leave out all that it leads to.
    without: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether every commit is meant."""
        return self == LogFilter()
