"""Outputs on their way to the store while the program that writes them still runs.

A file goes there early once nobody has it open for writing, and it has not changed for a moment.
That is no promise of the program's: when it has ended, a file counts as stored if its state is what
it was then, and all others are read again. So what is done early is never seen, it only saves time.

The packs that are made so are known to nobody before the program's end. They are deleted if it
fails, and collected as orphans if the engine is killed. If it runs for so long that they are
collected before, that is noticed at its end, and everything is read again.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType

from datavc.db import packs
from datavc.engine.capacity import Capacity
from datavc.engine.file_state import FileState, states_tell
from datavc.engine.finished_files import nobody_writes, visible_files
from datavc.engine.scratch import open_below
from datavc.engine.store_files import store_files
from datavc.errors import DatavcError, SourceUnreadable
from datavc.model.entry import Entry
from datavc.store.content import ContentWriter
from datavc.store.pack_session import PackSession
from datavc.versioning.relied_packs import packs_of_entries
from datavc.versioning.versioned_store import VersionedStore

#: Seconds between two looks at what runs; a file that is the same in both has been so for a moment.
_PAUSE = 0.25
#: A look at many files takes no more than this share of the time.
_SHARE = 0.05
#: Seconds between two looks whether others still need the processors.
_WAIT = 0.02
#: Files that hold less than this together, in bytes, are quickly read at the end.
_WORTHWHILE = 8 * 1024 * 1024
#: Bytes after which packs are made known, so that not all their chunks are kept in memory.
_SESSION = 4 * 1024 * 1024 * 1024


class _DroppedError(Exception):
    """Nobody wants what is being stored."""


class EarlyStorage:
    """Stores outputs early, for all jobs of an engine: one thread, which sleeps while nothing runs.

    Args:
        vs: where they go.
        capacity: of the host; while somebody waits for a share of it, nothing is stored early.
    """

    def __init__(self, vs: VersionedStore, capacity: Capacity) -> None:
        self._vs = vs
        self._capacity = capacity
        self._watched: set[EarlyOutputs] = set()
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, folder: Path) -> EarlyOutputs:
        """A program begins that writes to *folder*; use what this gives as a context manager."""
        early = EarlyOutputs(self._vs, folder, self._is_short, self._forget)
        with self._changed:
            self._watched.add(early)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="datavc-early", daemon=True)
                self._thread.start()
            if len(self._watched) == 1:
                self._changed.notify()
        return early

    def close(self) -> None:
        """End the thread. Safe to call more than once."""
        self._closed.set()
        with self._changed:
            self._changed.notify()
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _is_short(self) -> bool:
        return self._capacity.is_short

    def _forget(self, early: EarlyOutputs) -> None:
        with self._changed:
            self._watched.discard(early)

    def _work(self) -> None:
        while not self._closed.wait(_PAUSE):
            with self._changed:
                while not self._watched and not self._closed.is_set():
                    self._changed.wait()
                watched = list(self._watched)
            for early in watched:
                early.look()


class EarlyOutputs:
    """What one run of a program has put out so far, as far as it is stored.

    Args:
        vs: where it is stored.
        folder: what the program writes to.
        is_short: whether others need the processors more.
        forget: called at the end.
    """

    def __init__(
        self,
        vs: VersionedStore,
        folder: Path,
        is_short: Callable[[], bool],
        forget: Callable[[EarlyOutputs], None],
    ) -> None:
        self._vs = vs
        self._folder = folder
        self._is_short = is_short
        self._forget = forget
        self._next_look = time.monotonic() + _PAUSE
        #: Held by whoever works on all that follows.
        self._turn = threading.Lock()
        #: The program has ended, and perhaps nobody wants what it put out.
        self._over = self._dropped = False
        self._seen: dict[str, FileState] = {}
        self._stored: dict[str, tuple[FileState, Entry]] = {}
        self._session: PackSession | None = None

    def look(self) -> None:
        """Store what is finished since the last look."""
        if time.monotonic() < self._next_look:
            return
        with self._turn:
            if self._over:
                return
            try:
                self._store(self._ready())
            except (SourceUnreadable, OSError):
                pass  # It goes on changing: there will be another look.
            except (DatavcError, _DroppedError):
                # If that is an error which lasts, it is seen at the end.
                self._give_up()

    def finish(self, found: Mapping[str, FileState]) -> dict[str, Entry]:
        """The program has ended: the entries of those files that need not be read again.

        What they rely on is in the store, and known. Entries may lack the executable bit.

        Args:
            found: all files that there are.
        """
        self._over = True
        with self._turn:
            kept = {
                path: entry
                for path, (state, entry) in self._stored.items()
                if found.get(path) == state
            }
            if not kept:
                return {}
            try:
                self._end_session()
                needed = list(packs_of_entries(self._vs, kept.values()))
                with self._vs.db.read() as conn:
                    known = packs.known_among(conn, needed)
            except DatavcError:
                # Collected, for one: with reading the files again, it is seen whether that lasts.
                return {}
            return kept if len(known) == len(needed) else {}

    def __enter__(self) -> EarlyOutputs:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._forget(self)
        self._over = self._dropped = True
        with self._turn:
            self._give_up()

    def _ready(self) -> dict[str, FileState]:
        """Files that are as they were at the last look, and not stored so; none if they are few."""
        began = time.monotonic()
        if not states_tell(self._folder):
            self._next_look = float("inf")
            return {}
        seen: dict[str, FileState] = {}
        for path, at in visible_files(self._folder):
            with contextlib.suppress(FileNotFoundError):
                seen[path] = FileState.of(at.lstat())
        ready = {
            path: state
            for path, state in seen.items()
            if self._seen.get(path) == state and self._stored.get(path, (None,))[0] != state
        }
        self._seen = seen
        now = time.monotonic()
        self._next_look = now + max(_PAUSE, (now - began) / _SHARE)
        return ready if sum(state.size for state in ready.values()) >= _WORTHWHILE else {}

    def _store(self, ready: Mapping[str, FileState]) -> None:
        if not ready or self._is_short():
            return
        if self._session is None:
            self._session = self._vs.objects.session(self._vs.chunks)
        writer = ContentWriter(self._session, self._vs.chunks)
        for path, entry in store_files(writer, self._finished(ready), self._give_way):
            self._stored[path] = (ready[path], entry)
        if self._session.stored_bytes > _SESSION:
            self._end_session()

    def _finished(self, ready: Mapping[str, FileState]) -> Iterator[tuple[str, Path, int]]:
        """Those of *ready* that nobody writes to, open as long as they are the last one given."""
        for path, state in ready.items():
            self._give_way(0)
            if self._over:
                return
            with contextlib.suppress(OSError), open_below(self._folder, path) as file:
                # In this order: who comes to write after the first has changed the state.
                if nobody_writes(file) and FileState.of(os.fstat(file)) == state:
                    yield path, Path(f"/proc/self/fd/{file}"), state.size

    def _give_way(self, _stored: int) -> None:
        """Wait while others need the processors more, but not once somebody waits for this."""
        while self._is_short() and not self._over:
            time.sleep(_WAIT)
        if self._dropped:
            raise _DroppedError

    def _end_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            with session:
                session.finish()

    def _give_up(self) -> None:
        """Drop what is stored and not known yet, and store nothing more."""
        self._next_look = float("inf")
        self._stored.clear()
        session, self._session = self._session, None
        if session is not None:
            session.abort()
