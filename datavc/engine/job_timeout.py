"""The error of whoever waited for jobs, here or for those of a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datavc.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datavc.model.job import JobInfo


def timed_out(what: str, timeout: float, infos: Sequence[JobInfo]) -> Conflict:
    """The error for a run or job, such as ``run 0123...``, that is not over after *timeout* s."""
    left = [info for info in infos if not info.state.is_terminal]
    names = ", ".join(info.pipeline for info in left)
    reasons = [f"{info.pipeline} is {info.reason}" for info in left if info.reason]
    return Conflict(
        f"{what} is not over after {timeout:g} s" + (f": {names}" if names else ""),
        hint="; ".join(reasons) or "wait longer; the jobs go on where an engine runs",
    )
