"""What happens by the clock: ticks of cron inputs, and triggers with a schedule."""

from __future__ import annotations

from datavc.db import branch_triggers, cron_inputs
from datavc.db.clock import now_us
from datavc.engine.branch_moves import follow_clock
from datavc.engine.cron import tick_what_is_due
from datavc.versioning.versioned_store import VersionedStore


def do_what_is_due(vs: VersionedStore) -> float | None:
    """Do what the clock asks for by now.

    Any number of engines may call it at once: each thing is done by one of them.

    Returns:
        Seconds until the next thing is due; ``None`` where nothing ever is.
    """
    time_us = now_us()
    tick_what_is_due(vs, time_us)
    follow_clock(vs, time_us)
    with vs.db.read() as conn:
        found = [cron_inputs.next_due(conn), branch_triggers.next_due(conn)]
    due = [each for each in found if each is not None]
    return max(0.0, (min(due) - now_us()) / 1e6) if due else None
