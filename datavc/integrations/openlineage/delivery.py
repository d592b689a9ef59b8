"""Telling of jobs: in order, each until it is taken, with growing pauses in between."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from datavc.db import lineage_events
from datavc.db.clock import now_us
from datavc.db.lineage_events import DueEvent
from datavc.engine.delivery_loop import deliver_until
from datavc.errors import DatavcError
from datavc.integrations.openlineage.run_event import run_event
from datavc.integrations.openlineage.settings import OpenLineageSettings, from_environment
from datavc.integrations.openlineage.transport import NotTaken, Transport, open_transport
from datavc.versioning.versioned_store import VersionedStore

_log = logging.getLogger("datavc.openlineage")

#: Events that one process takes at a time.
_BATCH = 10
#: Seconds after which others tell what a process that was killed has taken.
_LEASE_S = 120.0
#: For so long it is tried; what nobody has taken by then is forgotten.
_KEPT_US = 30 * 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Pauses:
    """How long is waited after a try that failed, in seconds."""

    first_s: float = 2.0
    #: Each is three times the one before, up to this.
    longest_s: float = 600.0

    def after(self, attempts: int) -> float:
        """The pause after so many tries."""
        # A power beyond that is past the longest pause, and soon too large a number.
        return float(min(self.first_s * 3 ** min(attempts - 1, 20), self.longest_s))


class LineageSender:
    """Tells what is due; any number of processes may, over one database.

    Args:
        vs: of whose jobs.
        settings: where to.
        pauses: see :class:`Pauses`.
    """

    def __init__(
        self, vs: VersionedStore, settings: OpenLineageSettings, pauses: Pauses | None = None
    ) -> None:
        self._vs = vs
        self._pauses = pauses or Pauses()
        self._namespace = settings.namespace or vs.db.address
        self._transport: Transport = open_transport(settings)

    def serve(self, stop: threading.Event) -> None:
        """Tell until *stop* is set, whatever goes wrong."""
        deliver_until(stop, self.send_due, "telling of jobs", _log)

    def send_due(self) -> int:
        """Tell what is due now, up to the first event that is not taken; how many were."""
        with self._vs.db.read() as conn:
            if not lineage_events.has_due(conn):
                return 0
        with self._vs.db.write() as conn:
            given_up = lineage_events.remove_older(conn, now_us() - _KEPT_US)
            due = lineage_events.claim(conn, _LEASE_S, limit=_BATCH)
        if given_up:
            _log.error("%d events of OpenLineage were taken by nobody for 30 days", given_up)
        done = self._send_all(due)
        left = [event.id for event in due[len(done) :]]
        with self._vs.db.write() as conn:
            lineage_events.remove(conn, done)
            if left:
                pause = self._pauses.after(due[len(done)].attempts + 1)
                lineage_events.give_back(conn, left, pause_s=pause)
        return len(done)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def _send_all(self, due: list[DueEvent]) -> list[int]:
        """Tell events in order; the ids of those that are dealt with."""
        done: list[int] = []
        for event in due:
            facts = event.facts
            try:
                self._transport.send(msgspec.json.encode(run_event(facts, self._namespace)))
            except NotTaken as error:
                about = {"job": facts.job, "run": facts.run, "pipeline": facts.pipeline}
                level = logging.ERROR if error.is_final else logging.WARNING
                _log.log(level, "%s of job %s is not taken: %s", facts.moment, facts.job, error,
                         extra=about)  # fmt: skip
                if not error.is_final:
                    return done
            done.append(event.id)
        return done


def tell_now(vs: VersionedStore) -> None:
    """Tell what is due, once; what is not taken stays for another time. Raises nothing."""
    try:
        with contextlib.closing(LineageSender(vs, from_environment())) as sender:
            while sender.send_due():
                pass
    except DatavcError as error:
        _log.warning("OpenLineage is not told of jobs: %s", error)
    except Exception:
        # Whoever commits is not to fail for it.
        _log.exception("OpenLineage is not told of jobs")


@contextlib.contextmanager
def telling(vs: VersionedStore, stop: threading.Event) -> Iterator[None]:
    """A thread tells what is due for as long as the block runs.

    Raises:
        InvalidInput: the environment's settings are incomplete.
    """
    sender = LineageSender(vs, from_environment())
    thread = threading.Thread(target=sender.serve, args=(stop,), name="datavc-openlineage")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        sender.close()
