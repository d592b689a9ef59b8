"""An engine that works beside the server, in a thread of the same process."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator

from datavc.engine.engine import Engine

_log = logging.getLogger("datavc.engine")

#: Seconds before an engine that failed in an unexpected way goes on.
_PAUSE = 5.0


def work(engine: Engine, stop: threading.Event) -> None:
    """Work until *stop* is set, whatever goes wrong."""
    while not stop.is_set():
        try:
            engine.serve(stop)
        except Exception:
            # Jobs that it held are taken over when their lease ends, by this engine as well.
            _log.exception("the engine failed, and goes on in %g s", _PAUSE)
            stop.wait(_PAUSE)


@contextlib.contextmanager
def working(engine: Engine, stop: threading.Event) -> Iterator[None]:
    """The engine works in a thread for as long as the block runs, and lets go of its jobs then."""
    thread = threading.Thread(target=work, args=(engine, stop), name="datavc-engine")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        engine.close()
