"""A stored content as a Python file object that can be sought in."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from datavc.errors import InvalidInput
from datavc.store.content import read_content
from datavc.store.external.problem import naming

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from datavc.model.entry import Entry
    from datavc.store.objects import ObjectStore

#: Bytes that a buffered reader asks for at once.
BUFFER_SIZE = 1024 * 1024


class FileReader(io.RawIOBase):
    """Reads one entry; seeking costs nothing, and only the ranges that are read are fetched."""

    def __init__(self, objects: ObjectStore, path: str, entry: Entry) -> None:
        super().__init__()
        self.name = path
        self._objects = objects
        self._entry = entry
        self._position = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The position in bytes from the start."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position; beyond the end is allowed, and reads nothing.

        Raises:
            InvalidInput: that is before the start, or *whence* is unknown.
        """
        starts = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._entry.size}
        if whence not in starts or starts[whence] + offset < 0:
            raise InvalidInput(f"cannot seek to {offset} (whence {whence}) in {self.name!r}")
        self._position = starts[whence] + offset
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill *buffer* from the position on; fewer bytes only at the end.

        Raises:
            DataCorrupt, StoreUnavailable: the content cannot be read.
        """
        view = memoryview(buffer).cast("B")
        done = 0
        with naming(self.name):
            for piece in read_content(self._objects, self._entry, self._position, len(view)):
                view[done : done + len(piece)] = piece
                done += len(piece)
        self._position += done
        return done

    def readall(self) -> bytes:
        """All from the position on."""
        with naming(self.name):
            data = b"".join(read_content(self._objects, self._entry, self._position))
        self._position += len(data)
        return data
