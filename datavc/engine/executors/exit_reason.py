"""One line that says how a transform ended."""

from __future__ import annotations

import signal
from collections.abc import Collection

from datavc.engine.executors.executor import Outcome

#: What a shell reports for a program that a signal ended: this plus the signal's number.
SIGNAL_BASE = 128
#: What a shell reports for a program that it could not start, or not find.
_CANNOT_RUN, _NOT_FOUND = 126, 127


def outcome_of_exit(code: int, accepted: Collection[int], program: str) -> Outcome:
    """The outcome of a transform that exited with *code*."""
    if code == 0 or code in accepted:
        return Outcome(code)
    if code == _NOT_FOUND:
        return Outcome(code, f"exited with 127: {program!r} or a program it names was not found")
    if code == _CANNOT_RUN:
        return Outcome(code, f"exited with 126: {program!r} cannot be executed")
    if code > SIGNAL_BASE:
        return Outcome(code, f"exited with {code} ({_signal_name(code - SIGNAL_BASE)})")
    return Outcome(code, f"exited with {code}")


def outcome_of_signal(number: int) -> Outcome:
    """The outcome of a transform that a signal ended."""
    return Outcome(None, f"was killed by {_signal_name(number)}")


def outcome_of_timeout(seconds: float) -> Outcome:
    """The outcome of a transform that ran longer than ``datum_timeout``."""
    return Outcome(None, f"ran longer than its datum_timeout of {seconds:g} s and was killed")


INTERRUPTED = Outcome(None, "was stopped", may_retry=False)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
