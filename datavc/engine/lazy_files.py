"""Input files that are fetched when they are opened: named pipes, fed as somebody reads them."""

from __future__ import annotations

import errno
import os
import select
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from datavc.model.entry import Entry
from datavc.store.content import read_content
from datavc.store.external.problem import naming
from datavc.store.objects import ObjectStore

#: The engine writes to it, and the transform's user may be any.
_MODE = 0o644
#: Seconds between two looks for pipes that were opened: at least, and for each pipe.
_PAUSE, _PAUSE_EACH = 0.005, 20e-6
#: Milliseconds between two looks whether to stop, while a reader is slow.
_LOOK_MS = 100


class LazyFiles:
    """Serves the pipes of one datum until stopped.

    Every time that one is opened, it gives the whole file, and the next opening gets a pipe of its
    own. Two that open it at the same moment share one.

    Args:
        objects: where content comes from.
        files: the entries, by the paths where pipes are to be made.
        root: the folder that they are all below; another pipe is kept ready beside it.
    """

    def __init__(self, objects: ObjectStore, files: Mapping[str, Entry], root: Path) -> None:
        self._objects = objects
        self._waiting = dict(files)
        self._root = str(root)
        self._spare = root.parent / "next-pipe"
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._error: BaseException | None = None
        for path in files:
            _make(Path(path))
        self._feeders: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._watch, name="datavc-lazy", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Serve nothing any more.

        Raises:
            StoreUnavailable, DataCorrupt, SourceUnreadable: somebody was given only a part of a
                file, since the rest could not be read.
        """
        self._stopped.set()
        self._thread.join()
        for feeder in self._feeders:
            feeder.join()
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _watch(self) -> None:
        try:
            while not self._stopped.wait(max(_PAUSE, _PAUSE_EACH * len(self._waiting))):
                self._feeders = [feeder for feeder in self._feeders if feeder.is_alive()]
                for path, entry in list(self._waiting.items()):
                    descriptor = _open(path)
                    if descriptor is not None:
                        self._begin(path, entry, descriptor)
        except BaseException as error:  # handed to the datum's thread, which raises it
            self._fail(error)

    def _begin(self, path: str, entry: Entry, descriptor: int) -> None:
        try:
            # Put in its place in one step: there is always something to be opened.
            _make(self._spare)
            self._spare.rename(path)
        except FileNotFoundError:
            # The transform has changed its inputs, which some executors let it do.
            del self._waiting[path]
            self._spare.unlink()
        except BaseException:
            os.close(descriptor)
            raise
        feeder = threading.Thread(
            target=self._feed, args=(path, entry, descriptor), name="datavc-feeder", daemon=True
        )
        self._feeders.append(feeder)
        feeder.start()

    def _feed(self, path: str, entry: Entry, descriptor: int) -> None:
        try:
            with naming(path.removeprefix(self._root)):
                self._write(descriptor, read_content(self._objects, entry))
        except BrokenPipeError:
            return  # whoever read it has had enough
        except BaseException as error:  # handed to the datum's thread, which raises it
            self._fail(error)
        finally:
            os.close(descriptor)

    def _write(self, descriptor: int, pieces: Iterable[bytes | bytearray | memoryview]) -> None:
        poller = select.poll()
        poller.register(descriptor, select.POLLOUT)
        for piece in pieces:
            rest = memoryview(piece)
            while rest:
                if self._stopped.is_set():
                    return
                if poller.poll(_LOOK_MS):
                    try:
                        rest = rest[os.write(descriptor, rest) :]
                    except BlockingIOError:
                        continue

    def _fail(self, error: BaseException) -> None:
        with self._lock:
            self._error = self._error or error


def _make(path: Path) -> None:
    os.mkfifo(path)
    path.chmod(_MODE)


def _open(path: str) -> int | None:
    """The writing end of a pipe that somebody has opened for reading; ``None`` for nobody."""
    try:
        return os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.ENOENT, errno.ENOTDIR):
            return None
        raise
