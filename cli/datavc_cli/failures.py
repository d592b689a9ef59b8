"""From errors to exit codes, and to one line that says what to do."""

from __future__ import annotations

import sys

import msgspec

from datavc.errors import Conflict, DatavcError, ErrorCode, InvalidInput, NotFound
from datavc_cli.wording import safe

#: Exit codes: done, failed, wrong use or input, not found, conflict, interrupted, pipe closed.
DONE = 0
FAILED = 1
USAGE = 2
NOT_FOUND = 3
CONFLICT = 4
INTERRUPTED = 130
PIPE_CLOSED = 141


def exit_code_of(error: DatavcError) -> int:
    """The exit code that says what kind of error it was."""
    if isinstance(error, InvalidInput):
        return USAGE
    if isinstance(error, NotFound):
        return NOT_FOUND
    if isinstance(error, Conflict):
        return CONFLICT
    return FAILED


def report(message: str, hint: str, code: str, *, as_json: bool) -> None:
    """Print an error on standard error."""
    if as_json:
        data = msgspec.json.encode({"code": code, "message": message, "hint": hint})
        sys.stderr.write(f"{data.decode()}\n")
        return
    sys.stderr.write(f"datavc: {safe(message)}\n")
    if hint:
        sys.stderr.write(f"hint: {safe(hint)}\n")


def report_error(error: DatavcError, *, as_json: bool) -> int:
    """Print one of datavc's own errors, and give its exit code."""
    report(error.message, error.hint, error.code.value, as_json=as_json)
    return exit_code_of(error)


def report_usage(message: str, hint: str, *, as_json: bool) -> int:
    """Print that the command line was wrong, and give the exit code."""
    report(message, hint, ErrorCode.INVALID_INPUT.value, as_json=as_json)
    return USAGE


def report_bug(error: Exception, *, as_json: bool) -> int:
    """Print an error that should not happen, and give the exit code."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    hint = "this is a bug in datavc; DATAVC_DEBUG=1 shows where"
    report(text, hint, ErrorCode.INTERNAL.value, as_json=as_json)
    return FAILED
