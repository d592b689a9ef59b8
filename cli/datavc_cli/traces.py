"""The trace of one run of the command, where the environment names a collector."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from datavc.tracing.switch import is_wanted
from datavc_cli.app import words_of

#: They have traces of their own: of the requests and jobs that they carry out.
_SERVING = ("serve", "engine")
#: Seconds for which a command waits at its end for a collector that does not answer.
_PATIENCE = 1.0


@contextmanager
def traced(arguments: Sequence[str]) -> Iterator[None]:
    """A span around a command; ``TRACEPARENT`` says what it is run on account of."""
    verb = next(words_of(arguments), "")
    if not is_wanted() or verb in _SERVING or "_DATAVC_COMPLETE" in os.environ:
        yield
        return
    from datavc.tracing.exporting import exporting
    from datavc.tracing.spans import span

    name = f"datavc {verb}".rstrip()
    parent = os.environ.get("TRACEPARENT") or None
    with exporting("datavc", _PATIENCE), span(name, parent=parent):
        yield
