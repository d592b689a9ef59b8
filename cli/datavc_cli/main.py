"""The ``datavc`` command: from the arguments to an exit code. Never a traceback, unless asked."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import typer

#: New objects before the collector looks at them; Python's own is 700. Measured: a short command
#: spends a sixth of its time in the collector otherwise, among modules that all stay.
_THRESHOLD = 100_000


def main() -> None:
    """Run the command line of this process, and exit."""
    gc.set_threshold(_THRESHOLD)
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = _close_output()
    if threading.active_count() == 1:
        # Nobody is waited for, and the system takes all memory back at once: Python would go
        # through its modules one by one.
        with contextlib.suppress(OSError):
            sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command line, and give its exit code."""
    # Not before the collector was told to rest.
    import typer

    from datavc.errors import DatavcError
    from datavc_cli.completion import whole_words
    from datavc_cli.failures import DONE, FAILED, PIPE_CLOSED, report_bug, report_error

    as_json = "--json" in arguments
    try:
        with whole_words():
            return _dispatch(arguments, as_json=as_json)
    except DatavcError as error:
        _raise_if_debugging()
        return report_error(error, as_json=as_json)
    except (KeyboardInterrupt, typer.Abort):
        return _tell_interrupted()
    except BrokenPipeError:
        return _close_output()
    except SystemExit as stop:
        # Typer ends the process itself after completion, and when a pipe is closed.
        completing = "_DATAVC_COMPLETE" in os.environ
        return PIPE_CLOSED if stop.code == FAILED and not completing else DONE
    except Exception as error:
        _raise_if_debugging()
        return report_bug(error, as_json=as_json)


def _dispatch(arguments: Sequence[str], *, as_json: bool) -> int:
    import typer

    from datavc_cli.app import build_app
    from datavc_cli.failures import DONE, INTERRUPTED
    from datavc_cli.traces import traced

    command = typer.main.get_command(build_app(arguments))
    try:
        with traced(arguments):
            code = command.main(list(arguments), prog_name="datavc", standalone_mode=False)
    except typer.TyperException as error:
        return _tell_usage(error, arguments, as_json=as_json)
    if code == INTERRUPTED:
        return _tell_interrupted()
    return code if isinstance(code, int) else DONE


def _tell_usage(error: typer.TyperException, arguments: Sequence[str], *, as_json: bool) -> int:
    from datavc_cli.app import words_of
    from datavc_cli.failures import USAGE, report_usage
    from datavc_cli.foreign_words import known_here_as

    message = error.format_message()
    if not message:
        # No arguments at all: the help has been printed.
        return USAGE
    path = getattr(getattr(error, "ctx", None), "command_path", "datavc")
    known = known_here_as(words_of(arguments)) if message.startswith("No such command") else ""
    if known:
        message = message.partition(". Did you mean")[0]
        return report_usage(message, f"here it is: {known}", as_json=as_json)
    return report_usage(message, f"see `{path} --help`", as_json=as_json)


def _tell_interrupted() -> int:
    from datavc_cli.failures import INTERRUPTED

    sys.stderr.write("datavc: interrupted\n")
    return INTERRUPTED


def _close_output() -> int:
    from datavc_cli.failures import PIPE_CLOSED

    # What is left in the buffer would fail again when the interpreter exits.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return PIPE_CLOSED


def _raise_if_debugging() -> None:
    if os.environ.get("DATAVC_DEBUG") == "1":
        raise
