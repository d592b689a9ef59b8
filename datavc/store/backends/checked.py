"""A wrapper that holds a backend to its contract, for backends that are not trusted to."""

from __future__ import annotations

from collections.abc import Iterator

from datavc.errors import DataCorrupt, InvalidInput, StoreUnavailable
from datavc.store.backend import Backend, Buffer, ObjectInfo, ObjectWriter
from datavc.store.key import check_key


class CheckedBackend:
    """Refuses malformed calls before *inner* sees them, and answers that cannot be right.

    A completed object is asked for once, and must have the size that was written.
    """

    def __init__(self, inner: Backend) -> None:
        self._inner = inner

    def open_writer(self, key: str) -> ObjectWriter:
        """See :class:`~datavc.store.backend.Backend`."""
        return _CheckedWriter(self._inner, check_key(key))

    def put(self, key: str, data: Buffer) -> None:
        """See :class:`~datavc.store.backend.Backend`."""
        self._inner.put(check_key(key), data)
        _check_written(self._inner, key, len(data))

    def get(self, key: str, offset: int = 0, length: int | None = None) -> Buffer:
        """See :class:`~datavc.store.backend.Backend`."""
        if offset < 0 or (length is not None and length < 0):
            raise InvalidInput(f"there is no range at {offset} of {length} bytes")
        data = self._inner.get(check_key(key), offset, length)
        if length is not None and len(data) != length:
            raise DataCorrupt(
                f"the store gave {len(data)} bytes of object {key!r} at {offset}, not {length}"
            )
        return data

    def size(self, key: str) -> int:
        """See :class:`~datavc.store.backend.Backend`."""
        return self._inner.size(check_key(key))

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """See :class:`~datavc.store.backend.Backend`."""
        for found in self._inner.list(prefix):
            if not found.key.startswith(prefix):
                raise DataCorrupt(f"the store lists {found.key!r}, which is not under {prefix!r}")
            yield found

    def delete(self, key: str) -> None:
        """See :class:`~datavc.store.backend.Backend`."""
        self._inner.delete(check_key(key))


class _CheckedWriter:
    """Counts what is written, and takes no more once the object is complete or given up."""

    def __init__(self, backend: Backend, key: str) -> None:
        self._backend = backend
        self._key = key
        self._inner = backend.open_writer(key)
        self._size = 0
        self._over = False

    def write(self, pieces: list[Buffer]) -> None:
        self._check_open()
        self._inner.write(pieces)
        self._size += sum(map(len, pieces))

    def close(self) -> None:
        self._check_open()
        self._inner.close()
        self._over = True
        _check_written(self._backend, self._key, self._size)

    def abort(self) -> None:
        self._over = True
        self._inner.abort()

    def _check_open(self) -> None:
        if self._over:
            raise RuntimeError("the writer is closed")


def _check_written(backend: Backend, key: str, size: int) -> None:
    found = backend.size(key)
    if found != size:
        raise StoreUnavailable(
            f"the store kept {found} of {size} bytes of object {key!r}", hint="write it again"
        )
