"""Objects as files below one folder of a local or shared file system."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from datavc.errors import DataCorrupt, DatavcError, NotFound, StoreUnavailable
from datavc.store.backend import Buffer, ObjectInfo, ObjectWriter
from datavc.store.backends.local_writer import TEMPORARY, LocalWriter, sweep, sync_folder
from datavc.store.backends.os_errors import store_error
from datavc.store.key import check_key


class LocalBackend:
    """A backend in a folder, which is created if it is missing.

    Raises:
        StoreUnavailable: the folder cannot be created.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root).absolute()
        self._folders: set[Path] = {self.root}
        self._lock = threading.Lock()
        self._swept = False
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise store_error(error, f"creating {self.root}") from None

    def open_writer(self, key: str) -> ObjectWriter:
        """See :class:`~datavc.store.backend.Backend`."""
        check_key(key)
        temporary = self.root / TEMPORARY
        target = self.root / key
        with self._lock:
            self._make_folder(temporary)
            if not self._swept:
                sweep(temporary)
                self._swept = True
            self._make_folder(target.parent)
        return LocalWriter(temporary, target)

    def put(self, key: str, data: Buffer) -> None:
        """See :class:`~datavc.store.backend.Backend`."""
        writer = self.open_writer(key)
        try:
            writer.write([data])
            writer.close()
        except DatavcError:
            writer.abort()
            raise

    def get(self, key: str, offset: int = 0, length: int | None = None) -> Buffer:
        """See :class:`~datavc.store.backend.Backend`."""
        path = self._path(key)
        try:
            source = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if not length:
                    # Only these calls need the size: a short read shows all others the end.
                    left = os.fstat(source).st_size - offset
                    wanted = left if length is None or left < 0 else 0
                else:
                    wanted = length
                data = _read(source, offset, wanted)
            finally:
                os.close(source)
        except OSError as error:
            raise self._read_error(error, key) from None
        if len(data) != wanted:
            raise DataCorrupt(f"object {key!r} ends before {offset + (length or 0)}")
        return data

    def size(self, key: str) -> int:
        """See :class:`~datavc.store.backend.Backend`."""
        path = self._path(key)
        try:
            return path.stat().st_size
        except OSError as error:
            raise self._read_error(error, key) from None

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """See :class:`~datavc.store.backend.Backend`."""
        folder = prefix.rpartition("/")[0]
        try:
            self.root.stat()
            yield from self._list_folder(folder, prefix)
        except OSError as error:
            raise store_error(error, f"listing {self.root}") from None

    def delete(self, key: str) -> None:
        """See :class:`~datavc.store.backend.Backend`."""
        path = self._path(key)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise store_error(error, f"deleting {key!r}") from None

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    def _read_error(self, error: OSError, key: str) -> DatavcError:
        if not isinstance(error, (FileNotFoundError, NotADirectoryError, IsADirectoryError)):
            return store_error(error, f"reading {key!r}")
        if not self.root.is_dir():
            return StoreUnavailable(
                f"the store's folder {self.root} is gone", hint="mount or restore it and try again"
            )
        return NotFound(f"there is no object {key!r} in {self.root}")

    def _make_folder(self, folder: Path) -> None:
        """Create *folder* and those above it up to the root, which itself must be there."""
        if folder in self._folders:
            return
        self._make_folder(folder.parent)
        try:
            folder.mkdir()
            sync_folder(folder.parent)
        except FileExistsError:
            pass
        except OSError as error:
            raise store_error(error, f"creating {folder}") from None
        self._folders.add(folder)

    def _list_folder(self, folder: str, prefix: str) -> Iterator[ObjectInfo]:
        try:
            entries = sorted(os.scandir(self.root / folder), key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            key = f"{folder}/{entry.name}" if folder else entry.name
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                if f"{key}/".startswith(prefix) or prefix.startswith(f"{key}/"):
                    yield from self._list_folder(key, prefix)
            elif key.startswith(prefix):
                with contextlib.suppress(FileNotFoundError):
                    facts = entry.stat(follow_symlinks=False)
                    yield ObjectInfo(key, facts.st_size, facts.st_mtime)


def _read(source: int, offset: int, wanted: int) -> bytes:
    """Up to *wanted* bytes, fewer only at the end of the file."""
    data = os.pread(source, wanted, offset) if wanted > 0 else b""
    while 0 < len(data) < wanted:
        more = os.pread(source, wanted - len(data), offset + len(data))
        if not more:
            break
        data += more
    return data
