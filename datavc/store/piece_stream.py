"""What comes in pieces, as a binary file to be read once."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from datavc.store.backend import Buffer


class PieceStream(io.RawIOBase):
    """Reads *pieces* one behind the other."""

    def __init__(self, pieces: Iterator[Buffer]) -> None:
        super().__init__()
        self._pieces = pieces
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill *buffer* with what comes next."""
        room = memoryview(buffer).cast("B")
        while not self._piece:
            following = next(self._pieces, None)
            if following is None:
                return 0
            self._piece = memoryview(following).cast("B")
        count = min(len(room), len(self._piece))
        room[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count
