"""A thread that waits for changes of the database on behalf of an engine."""

from __future__ import annotations

import threading

from datavc.versioning.versioned_store import VersionedStore

#: Seconds after which the thread looks whether it is still needed.
_LOOK_SECONDS = 0.25


class NewsWatcher:
    """Sets an event when somebody has changed the database, until closed.

    Args:
        vs: the database.
        changed: what is set.
    """

    def __init__(self, vs: VersionedStore, changed: threading.Event) -> None:
        self._news = vs.db.news()
        self._changed = changed
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="datavc-news", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        self._closed.set()
        self._thread.join()
        self._news.close()

    def _work(self) -> None:
        while not self._closed.is_set():
            if self._news.wait(_LOOK_SECONDS):
                self._changed.set()
