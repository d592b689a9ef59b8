"""Keeping a job: the lease is renewed while the engine works, and its loss is noticed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from datavc.db import job_claims
from datavc.errors import DatavcError
from datavc.versioning.versioned_store import VersionedStore

#: Longest pause between two renewals, in seconds: so soon a killed job's datums are stopped.
_LONGEST_PAUSE = 1.0


class JobLease:
    """Renews the lease of one job until closed.

    Args:
        vs: where the job is.
        job_id: the job, held by *owner*.
        owner: the engine.
        seconds: how long the lease lasts from each renewal on.
        on_loss: called once, from the renewing thread, when the job is somebody else's, over, or
            could not be renewed in time.
    """

    def __init__(
        self,
        vs: VersionedStore,
        job_id: str,
        owner: str,
        seconds: float,
        on_loss: Callable[[], None],
    ) -> None:
        self._vs = vs
        self._job_id = job_id
        self._owner = owner
        self._seconds = seconds
        self._on_loss = on_loss
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="datavc-lease", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        good_until = time.monotonic() + self._seconds
        while not self._closed.wait(min(_LONGEST_PAUSE, self._seconds / 4)):
            asked = time.monotonic()
            try:
                with self._vs.db.write() as conn:
                    held = job_claims.heartbeat(conn, self._job_id, self._owner, self._seconds)
            except DatavcError:
                # The database may be back before the lease is over.
                held = time.monotonic() < good_until
            else:
                good_until = asked + self._seconds
            if not held:
                if not self._closed.is_set():
                    self._on_loss()
                return

    def close(self) -> None:
        """Stop renewing; the lease itself stays until it ends or the job moves on."""
        self._closed.set()
        self._thread.join()
