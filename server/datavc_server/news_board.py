"""One thread that waits for changes of the database on behalf of all answers that wait for news."""

from __future__ import annotations

import asyncio
import contextlib
import threading

from anyio import CapacityLimiter

from datavc.db.session import Database

#: Seconds after which the thread looks whether the server is about to stop.
_LOOK_SECONDS = 0.25
#: So many answers look into the database at once, however many wait.
_LOOKING = 4


class NewsBoard:
    """Wakes coroutines when somebody has changed the database, or the server is about to stop.

    Args:
        db: the database.
        stopping: set when the server is about to stop.
    """

    def __init__(self, db: Database, stopping: threading.Event) -> None:
        self._db = db
        self._stopping = stopping
        self._lock = threading.Lock()
        self._count = 0
        self._waiters: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        #: For looks into the database, so that those who wait leave threads to others.
        self.looking = CapacityLimiter(_LOOKING)

    @property
    def count(self) -> int:
        """How often there were news: take it before you look, and wait for another one then."""
        return self._count

    async def wait(self, seen: int, seconds: float) -> None:
        """Wait until :attr:`count` is not *seen* any more, *seconds* at most."""
        woken = asyncio.Event()
        waiter = (asyncio.get_running_loop(), woken)
        with self._lock:
            self._begin()
            if self._count != seen:
                return
            self._waiters.add(waiter)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await woken.wait()
        finally:
            with self._lock:
                self._waiters.discard(waiter)

    def close(self) -> None:
        """Wake nobody any more."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def _begin(self) -> None:
        """A server that nobody watches needs no thread and no connection for it."""
        if self._thread is None and not self._closed.is_set():
            self._thread = threading.Thread(target=self._work, name="datavc-board", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        with contextlib.closing(self._db.news(progress=True)) as news:
            # What has come before it listened was missed.
            self._wake()
            while not self._closed.is_set():
                if news.wait(_LOOK_SECONDS) or self._stopping.is_set():
                    self._wake()

    def _wake(self) -> None:
        with self._lock:
            self._count += 1
            waiters, self._waiters = self._waiters, set()
        for loop, woken in waiters:
            # A loop that is closed has nobody left who waits.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(woken.set)
