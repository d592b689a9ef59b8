"""A wrapper that opens its backend once that is needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from datavc.store.backend import Backend, Buffer, ObjectInfo, ObjectWriter


class DeferredBackend:
    """Calls *open_inner* for the first call that needs what it gives, and again if it fails.

    To open a bucket takes longer than all else that a short command does, and many commands ask
    the database alone. Every method may raise what opening raises.
    """

    def __init__(self, open_inner: Callable[[], Backend]) -> None:
        self._open_inner = open_inner
        self._opened: Backend | None = None
        self._lock = threading.Lock()

    @property
    def inner(self) -> Backend:
        """The backend that is wrapped."""
        if self._opened is None:
            with self._lock:
                if self._opened is None:
                    self._opened = self._open_inner()
        return self._opened

    def open_writer(self, key: str) -> ObjectWriter:
        """See :class:`~datavc.store.backend.Backend`."""
        return self.inner.open_writer(key)

    def put(self, key: str, data: Buffer) -> None:
        """See :class:`~datavc.store.backend.Backend`."""
        self.inner.put(key, data)

    def get(self, key: str, offset: int = 0, length: int | None = None) -> Buffer:
        """See :class:`~datavc.store.backend.Backend`."""
        return self.inner.get(key, offset, length)

    def size(self, key: str) -> int:
        """See :class:`~datavc.store.backend.Backend`."""
        return self.inner.size(key)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """See :class:`~datavc.store.backend.Backend`."""
        return self.inner.list(prefix)

    def delete(self, key: str) -> None:
        """See :class:`~datavc.store.backend.Backend`."""
        self.inner.delete(key)
