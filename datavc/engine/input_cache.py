"""Large input files that several datums of a job see: read from the store once, and then linked."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path

from datavc.engine.scratch import scratch_errors
from datavc.errors import OutOfSpace

#: A smaller file is written as fast as it is linked, in bytes.
_WORTH_IT = 1 << 20
_LIMIT = 4 << 30
#: Of what is free on the scratch disk when a job begins.
_SHARE_OF_DISK = 0.1


class InputCache:
    """The files that were used last, up to a limit. Any number of threads may use it.

    Only for workers whose transforms have no way to change their inputs: what is linked is one
    file in many places.

    Args:
        folder: where the files are kept; made when it is needed, and left to be removed by its
            owner.
        limit: bytes of all files that are kept, at most; 4 GiB or a tenth of what is free on the
            disk unless given.
    """

    def __init__(self, folder: Path, limit: int | None = None) -> None:
        self._folder = folder
        self._limit = limit
        self._changed = threading.Condition()
        #: Sizes of the files that are kept, those that were used last at the end.
        self._kept: OrderedDict[str, int] = OrderedDict()
        #: Files that somebody brings right now.
        self._busy: set[str] = set()

    def place(
        self, digest: bytes, size: int, mode: int, target: str, write: Callable[[], None]
    ) -> None:
        """Put a file at *target*.

        Args:
            digest: of its content.
            size: in bytes.
            mode: its permissions.
            target: where nothing is yet.
            write: makes the file there; called unless it can be linked.

        Raises:
            OutOfSpace: the scratch disk is full, also without what is kept here.
        """
        if size < _WORTH_IT:
            write()
            return
        name = f"{digest.hex()}-{mode:o}"
        with self._turn(name):
            if self._link(name, target):
                return
            try:
                write()
            except OutOfSpace:
                if not self._give_up(self._kept_bytes()):
                    raise
                Path(target).unlink(missing_ok=True)
                write()
            self._keep(name, size, target)

    @contextlib.contextmanager
    def _turn(self, name: str) -> Iterator[None]:
        """One at a time brings a file; the others wait, and link it then."""
        with self._changed:
            self._changed.wait_for(lambda: name not in self._busy)
            self._busy.add(name)
        try:
            yield
        finally:
            with self._changed:
                self._busy.discard(name)
                self._changed.notify_all()

    def _link(self, name: str, target: str) -> bool:
        with self._changed:
            if name not in self._kept:
                return False
            self._kept.move_to_end(name)
        # Where it was given up meanwhile, or has as many links as a file may have.
        with contextlib.suppress(OSError):
            os.link(self._folder / name, target)
            return True
        return False

    def _keep(self, name: str, size: int, target: str) -> None:
        if size > self._most():
            return
        self._give_up(self._kept_bytes() + size - self._most())
        try:
            os.link(target, self._folder / name)
        except OSError:
            # Without it the file is only brought again.
            return
        with self._changed:
            self._kept[name] = size

    def _most(self) -> int:
        with self._changed:
            if self._limit is None:
                with scratch_errors(self._folder):
                    self._folder.mkdir(mode=0o700, exist_ok=True)
                    free = shutil.disk_usage(self._folder).free
                self._limit = min(_LIMIT, int(free * _SHARE_OF_DISK))
            return self._limit

    def _kept_bytes(self) -> int:
        with self._changed:
            return sum(self._kept.values())

    def _give_up(self, wanted: int) -> bool:
        """Remove files, the one that was not used for the longest time first; whether any."""
        removed = 0
        while removed < wanted:
            with self._changed:
                if not self._kept:
                    break
                name, size = self._kept.popitem(last=False)
            with contextlib.suppress(OSError):
                (self._folder / name).unlink()
            removed += size
        return removed > 0
