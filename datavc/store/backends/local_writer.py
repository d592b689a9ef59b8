"""A file that appears under its name only once all of it is on the disk."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
from pathlib import Path

from datavc.store.backend import Buffer
from datavc.store.backends.os_errors import store_error

#: Folder below the root for files in the making. No key may start with a dot.
TEMPORARY = ".tmp"

#: The system takes at most so many pieces in one call.
_MAX_PIECES = 1024
#: A file in the making is left alone for so many seconds, whatever its lock says.
_GRACE = 60


class LocalWriter:
    """Writes to a file in *folder*, which is renamed to *target* when it is complete.

    The file is locked while it is written, so that the remains of a killed process can be told
    from the work of a living one (see :func:`sweep`).
    """

    def __init__(self, folder: Path, target: Path) -> None:
        self._temporary = folder / secrets.token_hex(12)
        self._target = target
        self._file: int | None = None
        try:
            self._file = os.open(
                self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644
            )
            with contextlib.suppress(OSError):
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise store_error(error, f"creating a file in {folder}") from None

    def write(self, pieces: list[Buffer]) -> None:
        """See :class:`~datavc.store.backend.ObjectWriter`."""
        try:
            for start in range(0, len(pieces), _MAX_PIECES):
                self._write_all(pieces[start : start + _MAX_PIECES])
        except OSError as error:
            raise store_error(error, f"writing {self._target}") from None

    def close(self) -> None:
        """See :class:`~datavc.store.backend.ObjectWriter`."""
        try:
            os.fsync(self._descriptor)
            self._temporary.rename(self._target)
            self._close_file()
            sync_folder(self._target.parent)
        except OSError as error:
            raise store_error(error, f"completing {self._target}") from None

    def abort(self) -> None:
        """See :class:`~datavc.store.backend.ObjectWriter`."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._temporary.unlink()
            self._close_file()

    @property
    def _descriptor(self) -> int:
        if self._file is None:
            raise RuntimeError("the writer is closed")
        return self._file

    def _write_all(self, pieces: list[Buffer]) -> None:
        total = sum(map(len, pieces))
        written = os.writev(self._descriptor, pieces)
        while written < total:
            # A short write is rare (a signal, a disk about to be full): carry on from there.
            rest = _after(pieces, written)
            total -= written
            pieces = rest
            written = os.writev(self._descriptor, pieces)

    def _close_file(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.close(self._file)
            self._file = None


def sync_folder(folder: Path) -> None:
    """Make the names in *folder* durable.

    Raises:
        OSError: the system could not.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove files in the making whose process is gone."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if time.time() - entry.stat(follow_symlinks=False).st_mtime > _GRACE:
                    _remove_abandoned(Path(entry.path))


def _remove_abandoned(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    finally:
        os.close(descriptor)


def _after(pieces: list[Buffer], count: int) -> list[Buffer]:
    """What is left of *pieces* after their first *count* bytes."""
    for at, piece in enumerate(pieces):
        if count < len(piece):
            return [memoryview(piece)[count:], *pieces[at + 1 :]]
        count -= len(piece)
    return []
