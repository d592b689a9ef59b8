"""A wrapper that keeps what was read on a local disk, up to a number of bytes."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from xxhash import xxh3_128_digest, xxh3_128_hexdigest

from datavc.store.backend import Backend, Buffer, ObjectInfo, ObjectWriter

_CHECKSUM_SIZE = 16
#: Larger reads pass by: they would push out many small ones that are likelier to come again.
MAX_CACHED = 8 * 1024 * 1024


class CachedBackend:
    """Answers repeated reads of the same range from *folder*; the least recently used go first.

    Objects never change, so a range that was read once is good for ever, but for objects that are
    deleted: whoever asks for those may still get them. Several processes may share the folder. A
    cache that cannot be written, or whose file was damaged, is as good as none: reads go on.

    Args:
        inner: the backend that is wrapped.
        folder: where ranges are kept; created if it is missing.
        max_bytes: of all files together.
    """

    def __init__(self, inner: Backend, folder: Path, max_bytes: int) -> None:
        self._inner = inner
        self._folder = Path(folder)
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._total = 0
        self._load()

    def open_writer(self, key: str) -> ObjectWriter:
        """See :class:`~datavc.store.backend.Backend`."""
        return self._inner.open_writer(key)

    def put(self, key: str, data: Buffer) -> None:
        """See :class:`~datavc.store.backend.Backend`."""
        self._inner.put(key, data)

    def get(self, key: str, offset: int = 0, length: int | None = None) -> Buffer:
        """See :class:`~datavc.store.backend.Backend`."""
        name = xxh3_128_hexdigest(f"{key}:{offset}:{length}".encode())
        kept = self._read(name)
        if kept is not None:
            return kept
        data = self._inner.get(key, offset, length)
        if len(data) <= min(MAX_CACHED, self._max_bytes - _CHECKSUM_SIZE):
            self._keep(name, data)
        return data

    def size(self, key: str) -> int:
        """See :class:`~datavc.store.backend.Backend`."""
        return self._inner.size(key)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """See :class:`~datavc.store.backend.Backend`."""
        return self._inner.list(prefix)

    def delete(self, key: str) -> None:
        """See :class:`~datavc.store.backend.Backend`."""
        self._inner.delete(key)

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name

    def _load(self) -> None:
        """Take over what an earlier process left, in the order in which it was last used."""
        found: list[tuple[float, str, int]] = []
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            for path in self._folder.glob("??/*"):
                with contextlib.suppress(OSError):
                    facts = path.stat()
                    if path.suffix == ".tmp":
                        path.unlink()
                    else:
                        found.append((facts.st_mtime, path.name, facts.st_size))
        for _, name, size in sorted(found):
            self._sizes[name] = size
            self._total += size
        self._evict()

    def _read(self, name: str) -> Buffer | None:
        path = self._path(name)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        view = memoryview(data)[:-_CHECKSUM_SIZE]
        if len(data) < _CHECKSUM_SIZE or xxh3_128_digest(view) != data[-_CHECKSUM_SIZE:]:
            self._forget(name)
            return None
        with self._lock:
            if name in self._sizes:
                self._sizes.move_to_end(name)
        with contextlib.suppress(OSError):
            os.utime(path)
        return view

    def _keep(self, name: str, data: Buffer) -> None:
        path = self._path(name)
        temporary = path.with_name(f"{secrets.token_hex(8)}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(data)
                file.write(xxh3_128_digest(data))
            temporary.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()
            return
        size = len(data) + _CHECKSUM_SIZE
        with self._lock:
            self._total += size - self._sizes.pop(name, 0)
            self._sizes[name] = size
            self._evict()

    def _evict(self) -> None:
        while self._total > self._max_bytes:
            name, size = self._sizes.popitem(last=False)
            self._total -= size
            with contextlib.suppress(OSError):
                self._path(name).unlink()

    def _forget(self, name: str) -> None:
        with self._lock:
            self._total -= self._sizes.pop(name, 0)
        with contextlib.suppress(OSError):
            self._path(name).unlink()
