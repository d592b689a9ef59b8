"""Showing others what runs: a job's datums that take a moment, and what they have printed so far.

What others see is a courtesy. It lies in the database only while the datum runs; its whole log goes
to the store with its result.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from datavc.db import job_claims, job_events, running_datums
from datavc.db.clock import now_us
from datavc.db.job_claims import JobFacts
from datavc.db.running_datums import LivePart, RunningDatumRow
from datavc.engine.datum_log import DatumLog
from datavc.errors import DatavcError
from datavc.model.datum import Datum
from datavc.versioning.versioned_store import VersionedStore

#: Seconds between two looks at what runs. Datums that end sooner are never noted.
_PAUSE = 0.5
#: Bytes of one datum's log that are shown at a time: one that prints more falls behind.
_PART = 256 * 1024


@dataclass(slots=True)
class _Running:
    datum: Datum
    log: DatumLog
    started_us: int
    #: Bytes of the log that others can see.
    shown: int = 0
    noted: bool = False


class RunningDatums:
    """What one engine runs of one job; a thread shows it until closed.

    Args:
        vs: where it is shown.
        job_id: the job, held by *owner*.
        owner: the engine.
    """

    def __init__(self, vs: VersionedStore, job_id: str, owner: str) -> None:
        self._vs = vs
        self._job_id = job_id
        self._owner = owner
        self._lock = threading.Lock()
        self._running: dict[bytes, _Running] = {}
        #: Those that others see, until their results are written down.
        self._noted: set[bytes] = set()
        self._closed = threading.Event()
        #: Called with the key of a datum that somebody wants to be started anew.
        self.on_restart: Callable[[bytes], None] | None = None
        # What an engine that was killed has left.
        with vs.db.write() as conn:
            running_datums.remove(conn, job_id)
        self._thread = threading.Thread(target=self._work, name="datavc-running", daemon=True)
        self._thread.start()

    def begin(self, datum: Datum, log: DatumLog) -> None:
        """A datum begins, and prints to *log*."""
        with self._lock:
            self._running[datum.key] = _Running(datum, log, now_us())

    def end(self, datum: Datum) -> None:
        """It has ended, or was interrupted."""
        with self._lock:
            self._running.pop(datum.key, None)

    def forget(self, conn: Connection, keys: Iterable[bytes]) -> None:
        """In the transaction that writes results down: others see those from now on."""
        with self._lock:
            gone = [key for key in keys if key in self._noted]
            self._noted.difference_update(gone)
        if gone:
            running_datums.remove(conn, self._job_id, gone)

    def close(self) -> None:
        """Show nothing more."""
        self._closed.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._closed.wait(_PAUSE):
            try:
                self._show()
            except DatavcError:
                # A database that is away is a matter for those who write results.
                self._closed.wait(_PAUSE)

    def _show(self) -> None:
        oldest = now_us() - round(_PAUSE * 1e6)
        with self._lock:
            running = [each for each in self._running.values() if each.started_us <= oldest]
            new = [each for each in running if not each.noted]
            parts = [(each, each.log.since(each.shown, _PART)) for each in running]
            parts = [(each, data) for each, data in parts if data]
        if new or parts:
            self._write(new, parts)
        if running and self.on_restart is not None:
            self._restart_asked(self.on_restart)

    def _write(self, new: Sequence[_Running], parts: Sequence[tuple[_Running, bytes]]) -> None:
        with self._vs.db.write() as conn:
            # Only the job's owner may show anything of it, and holds it until this is written.
            if not job_claims.record(conn, self._job_id, self._owner, JobFacts()):
                return
            with self._lock:
                # A datum whose result was written meanwhile is not to come back.
                new = [each for each in new if self._is_current(each)]
                parts = [(each, data) for each, data in parts if self._is_current(each)]
                self._noted.update(each.datum.key for each in new)
            running_datums.add_many(
                conn,
                self._job_id,
                [
                    RunningDatumRow(each.datum.key, each.datum.labels, each.started_us)
                    for each in new
                ],
            )
            running_datums.add_parts(
                conn,
                self._job_id,
                [LivePart(each.datum.key, each.shown, data) for each, data in parts],
            )
        for each in new:
            each.noted = True
        for each, data in parts:
            each.shown += len(data)

    def _is_current(self, each: _Running) -> bool:
        return self._running.get(each.datum.key) is each

    def _restart_asked(self, restart: Callable[[bytes], None]) -> None:
        with self._vs.db.read() as conn:
            asked = running_datums.asked_restarts(conn, self._job_id)
        for key, author in asked.items():
            with self._vs.db.write() as conn:
                running_datums.remove(conn, self._job_id, [key])
                text = f"datum {key.hex()[:12]} is started anew: {author} asked for it"
                job_events.add(conn, self._job_id, text, time_us=now_us())
            with self._lock:
                # The attempt that is given up is not shown while it comes to its end.
                self._running.pop(key, None)
                self._noted.discard(key)
            restart(key)
