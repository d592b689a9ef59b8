"""Objects in the memory of this process: for tests, and for trying things out."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from datavc.errors import DataCorrupt, NotFound
from datavc.store.backend import Buffer, ObjectInfo, ObjectWriter
from datavc.store.key import check_key


class MemoryBackend:
    """A backend that forgets everything when the process ends."""

    def __init__(self) -> None:
        self._objects: dict[str, tuple[bytes, float]] = {}
        self._lock = threading.Lock()

    def open_writer(self, key: str) -> ObjectWriter:
        """See :class:`~datavc.store.backend.Backend`."""
        return _MemoryWriter(self, check_key(key))

    def put(self, key: str, data: Buffer) -> None:
        """See :class:`~datavc.store.backend.Backend`."""
        check_key(key)
        with self._lock:
            self._objects[key] = (bytes(data), time.time())

    def get(self, key: str, offset: int = 0, length: int | None = None) -> Buffer:
        """See :class:`~datavc.store.backend.Backend`."""
        data = self._object(key)[0]
        end = len(data) if length is None else offset + length
        if offset > len(data) or end > len(data):
            raise DataCorrupt(f"object {key!r} ends at {len(data)}, before {max(offset, end)}")
        return memoryview(data)[offset:end]

    def size(self, key: str) -> int:
        """See :class:`~datavc.store.backend.Backend`."""
        return len(self._object(key)[0])

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """See :class:`~datavc.store.backend.Backend`."""
        with self._lock:
            objects = sorted(self._objects.items())
        for key, (data, modified) in objects:
            if key.startswith(prefix):
                yield ObjectInfo(key, len(data), modified)

    def delete(self, key: str) -> None:
        """See :class:`~datavc.store.backend.Backend`."""
        check_key(key)
        with self._lock:
            self._objects.pop(key, None)

    def _object(self, key: str) -> tuple[bytes, float]:
        check_key(key)
        with self._lock:
            found = self._objects.get(key)
        if found is None:
            raise NotFound(f"there is no object {key!r} in the store")
        return found


class _MemoryWriter:
    """An object in the making."""

    def __init__(self, backend: MemoryBackend, key: str) -> None:
        self._backend = backend
        self._key = key
        self._pieces: list[bytes] = []

    def write(self, pieces: list[Buffer]) -> None:
        self._pieces.extend(bytes(piece) for piece in pieces)

    def close(self) -> None:
        self._backend.put(self._key, b"".join(self._pieces))

    def abort(self) -> None:
        self._pieces = []
