"""A store that fails on demand: to test what stands on a store, in datavc and elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from datavc.errors import DatavcError
from datavc.store.backend import Backend, Buffer, ObjectInfo, ObjectWriter

#: What can be made to fail. The writers' own steps are ``write`` and ``close``.
Operation = Literal["open_writer", "write", "close", "put", "get", "size", "list", "delete"]


@dataclass
class _Fault:
    operation: Operation
    error: DatavcError
    skip: int
    times: int


@dataclass
class _Spoil:
    position: int
    skip: int


def _next(spoils: list[_Spoil], length: int) -> int | None:
    """Where to spoil an answer of *length* bytes, if it is its turn."""
    if not spoils:
        return None
    if spoils[0].skip:
        spoils[0].skip -= 1
        return None
    return spoils.pop(0).position if spoils[0].position < length else None


class FaultyBackend:
    """Passes everything on to *inner*, but for what it was told to spoil.

    Args:
        inner: the backend that is wrapped.
        latency: seconds that every call takes longer.
    """

    def __init__(self, inner: Backend, *, latency: float = 0) -> None:
        self._inner = inner
        self._latency = latency
        self._lock = threading.Lock()
        self._faults: list[_Fault] = []
        self._cuts: list[_Spoil] = []
        self._flips: list[_Spoil] = []
        #: How often each operation was called.
        self.calls: dict[Operation, int] = {}

    def fail(
        self, operation: Operation, error: DatavcError, *, skip: int = 0, times: int = 1
    ) -> None:
        """Raise *error* from the next *times* calls of *operation*, after letting *skip* pass."""
        with self._lock:
            self._faults.append(_Fault(operation, error, skip, times))

    def cut_next_get(self, keep: int, *, skip: int = 0) -> None:
        """Give only the first *keep* bytes of what a :meth:`get` should give, after *skip* more."""
        with self._lock:
            self._cuts.append(_Spoil(keep, skip))

    def flip_next_get(self, position: int, *, skip: int = 0) -> None:
        """Give a wrong byte at *position* of a :meth:`get` that is so long, after *skip* more."""
        with self._lock:
            self._flips.append(_Spoil(position, skip))

    def open_writer(self, key: str) -> ObjectWriter:
        """See :class:`~datavc.store.backend.Backend`."""
        self._step("open_writer")
        return _FaultyWriter(self, self._inner.open_writer(key))

    def put(self, key: str, data: Buffer) -> None:
        """See :class:`~datavc.store.backend.Backend`."""
        self._step("put")
        self._inner.put(key, data)

    def get(self, key: str, offset: int = 0, length: int | None = None) -> Buffer:
        """See :class:`~datavc.store.backend.Backend`."""
        self._step("get")
        data = self._inner.get(key, offset, length)
        with self._lock:
            keep = _next(self._cuts, len(data))
            position = _next(self._flips, len(data))
        if position is not None:
            spoilt = bytearray(data)
            spoilt[position] ^= 0xFF
            data = spoilt
        return data if keep is None else data[:keep]

    def size(self, key: str) -> int:
        """See :class:`~datavc.store.backend.Backend`."""
        self._step("size")
        return self._inner.size(key)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """See :class:`~datavc.store.backend.Backend`."""
        for found in self._inner.list(prefix):
            self._step("list")
            yield found

    def delete(self, key: str) -> None:
        """See :class:`~datavc.store.backend.Backend`."""
        self._step("delete")
        self._inner.delete(key)

    def _step(self, operation: Operation) -> None:
        if self._latency:
            time.sleep(self._latency)
        with self._lock:
            self.calls[operation] = self.calls.get(operation, 0) + 1
            for fault in self._faults:
                if fault.operation == operation and fault.times:
                    if fault.skip:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    raise fault.error


class _FaultyWriter:
    """A writer whose steps can be made to fail."""

    def __init__(self, backend: FaultyBackend, inner: ObjectWriter) -> None:
        self._backend = backend
        self._inner = inner

    def write(self, pieces: list[Buffer]) -> None:
        self._backend._step("write")
        self._inner.write(pieces)

    def close(self) -> None:
        self._backend._step("close")
        self._inner.close()

    def abort(self) -> None:
        self._inner.abort()
