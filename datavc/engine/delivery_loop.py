"""Handing on, again and again, what waits in the database for somebody outside."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from datavc.errors import Unavailable

#: Seconds between two looks while nothing is due.
_POLL_S = 1.0


def deliver_until(
    stop: threading.Event, send_due: Callable[[], int], what: str, log: logging.Logger
) -> None:
    """Call *send_due* until *stop* is set, whatever goes wrong; pause while nothing is due.

    Args:
        stop: ends it.
        send_due: hands on what is due, and tells how much that was.
        what: names it in the log where it fails in a way that nobody expects.
        log: where that is told.
    """
    while not stop.is_set():
        try:
            sent = send_due()
        except Unavailable:
            sent = 0
        except Exception:
            log.exception("%s failed, and goes on", what)
            sent = 0
        if not sent:
            stop.wait(_POLL_S)
