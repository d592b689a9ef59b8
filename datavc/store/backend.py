"""The contract of a store backend: named, immutable byte objects.

A backend knows nothing of packs or trees. Keys are ASCII, made of parts of ``[a-z0-9._-]`` joined
by ``/``. An object is written once and never changed; every method may be called from any thread.
Errors that leave a backend are datavc's own: :class:`~datavc.errors.NotFound` for a missing
object, :class:`~datavc.errors.OutOfSpace`, and :class:`~datavc.errors.StoreUnavailable` for all
that trying again may cure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

#: Anything that exposes contiguous bytes.
Buffer = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One stored object."""

    key: str
    #: Bytes.
    size: int
    #: When it was written, seconds since the Unix epoch.
    modified: float


class ObjectWriter(Protocol):
    """An object in the making. Nothing is visible under its key until :meth:`close` returns."""

    def write(self, pieces: list[Buffer]) -> None:
        """Append the pieces in order. The buffers may be reused once this returns.

        Raises:
            OutOfSpace, StoreUnavailable: the object cannot be completed; call :meth:`abort`.
        """

    def close(self) -> None:
        """Make the object visible and durable: once this returns, a power cut does not lose it."""

    def abort(self) -> None:
        """Drop what was written. Safe to call more than once, and after a failure."""


class Backend(Protocol):
    """Where packs are kept."""

    def open_writer(self, key: str) -> ObjectWriter:
        """Start an object under *key*; memory stays bounded whatever its size."""

    def put(self, key: str, data: Buffer) -> None:
        """Store a small object in one step, durably. Idempotent for equal data."""

    def get(self, key: str, offset: int = 0, length: int | None = None) -> Buffer:
        """Bytes ``[offset, offset + length)``, to the end when *length* is ``None``.

        Raises:
            NotFound: there is no such object.
            DataCorrupt: the object ends before ``offset + length``.
        """

    def size(self, key: str) -> int:
        """Size of the object in bytes.

        Raises:
            NotFound: there is no such object.
        """

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Objects whose key starts with *prefix*, in any order, but for those in the making."""

    def delete(self, key: str) -> None:
        """Remove the object; no error when it is gone already."""
