"""A wrapper that tries again what trying again may cure."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from datavc.errors import StoreUnavailable
from datavc.store.backend import Backend, Buffer, ObjectInfo, ObjectWriter

_Result = TypeVar("_Result")


class RetryBackend:
    """Repeats calls that end in :class:`~datavc.errors.StoreUnavailable`, and only those.

    The pauses double from *first_pause* up to *longest_pause*, each made up to twice as short by
    chance, so that many clients do not come back all at once. An object in the making is not
    started over; its writer fails, and whoever writes must begin again.

    Args:
        inner: the backend that is wrapped.
        attempts: calls made at most, the first one included.
        first_pause: seconds.
        longest_pause: seconds.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        inner: Backend,
        *,
        attempts: int = 5,
        first_pause: float = 0.1,
        longest_pause: float = 5.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._inner = inner
        self._attempts = attempts
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._sleep = sleep

    def open_writer(self, key: str) -> ObjectWriter:
        """See :class:`~datavc.store.backend.Backend`."""
        return self._retry(lambda: self._inner.open_writer(key))

    def put(self, key: str, data: Buffer) -> None:
        """See :class:`~datavc.store.backend.Backend`."""
        self._retry(lambda: self._inner.put(key, data))

    def get(self, key: str, offset: int = 0, length: int | None = None) -> Buffer:
        """See :class:`~datavc.store.backend.Backend`."""
        return self._retry(lambda: self._inner.get(key, offset, length))

    def size(self, key: str) -> int:
        """See :class:`~datavc.store.backend.Backend`."""
        return self._retry(lambda: self._inner.size(key))

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """See :class:`~datavc.store.backend.Backend`."""
        seen: set[str] = set()
        failures = 0
        while True:
            try:
                for found in self._inner.list(prefix):
                    if found.key not in seen:
                        seen.add(found.key)
                        yield found
            except StoreUnavailable:
                failures += 1
                if failures >= self._attempts:
                    raise
                self._pause(failures)
            else:
                return

    def delete(self, key: str) -> None:
        """See :class:`~datavc.store.backend.Backend`."""
        self._retry(lambda: self._inner.delete(key))

    def _retry(self, call: Callable[[], _Result]) -> _Result:
        for failures in range(1, self._attempts):
            try:
                return call()
            except StoreUnavailable:
                self._pause(failures)
        return call()

    def _pause(self, failures: int) -> None:
        pause = min(self._longest_pause, self._first_pause * 2 ** (failures - 1))
        self._sleep(pause * random.uniform(0.5, 1))  # noqa: S311
