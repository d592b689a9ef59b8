"""Where content comes from, read straight into buffers that are used again and again.

Files are read with ``pread``, not mapped: a mapped file that somebody truncates kills the process.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol

from datavc.errors import DatavcError, SourceUnreadable

_STREAM_READ = 1024 * 1024


class Source(Protocol):
    """Bytes, front to back."""

    def fill(self, view: memoryview) -> int:
        """Fill *view* with the next bytes; fewer than it holds only at the end.

        Raises:
            SourceUnreadable: reading failed.
        """


class BegunSource:
    """A source whose first bytes were read already.

    Args:
        start: those bytes.
        rest: gives what comes behind them.
    """

    def __init__(self, start: bytearray, rest: Source) -> None:
        self._start = memoryview(start)
        self._rest = rest

    def fill(self, view: memoryview) -> int:
        """See :class:`Source`."""
        count = min(len(view), len(self._start))
        view[:count] = self._start[:count]
        self._start = self._start[count:]
        if count == len(view):
            return count
        return count + self._rest.fill(view[count:])


class FileSource:
    """A regular file, opened for reading. Use as a context manager.

    Raises:
        SourceUnreadable: it is missing, not allowed to be read, or no regular file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        try:
            # Opening a pipe without O_NONBLOCK waits for its writer.
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from None
        self._before = os.fstat(self._file)
        if not stat.S_ISREG(self._before.st_mode):
            os.close(self._file)
            raise SourceUnreadable(f"{str(path)!r} is not a regular file")

    @property
    def executable(self) -> bool:
        """Whether its owner may execute it."""
        return bool(self._before.st_mode & stat.S_IXUSR)

    def fill(self, view: memoryview) -> int:
        """See :class:`Source`."""
        filled = 0
        try:
            while filled < len(view):
                count = os.preadv(self._file, [view[filled:]], self._offset)
                if not count:
                    break
                filled += count
                self._offset += count
        except OSError as error:
            raise _unreadable(self._path, error) from None
        return filled

    def check_unchanged(self) -> None:
        """Make sure that what was read is one state of the file.

        Raises:
            SourceUnreadable: it was changed since it was opened.
        """
        after = os.fstat(self._file)
        before = self._before
        if (
            after.st_size != before.st_size
            or after.st_mtime_ns != before.st_mtime_ns
            or self._offset != before.st_size
        ):
            raise SourceUnreadable(
                f"{str(self._path)!r} changed while it was read",
                hint="try again once it is at rest",
            )

    def __enter__(self) -> FileSource:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)


class StreamSource:
    """Whatever can be read from, such as standard input."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def fill(self, view: memoryview) -> int:
        """See :class:`Source`."""
        filled = 0
        try:
            while filled < len(view):
                data = self._stream.read(min(_STREAM_READ, len(view) - filled))
                if not data:
                    break
                view[filled : filled + len(data)] = data
                filled += len(data)
        except DatavcError:
            raise
        except (OSError, ValueError) as error:
            raise SourceUnreadable(f"the stream cannot be read: {error}") from None
        return filled


def _unreadable(path: Path, error: OSError | ValueError) -> SourceUnreadable:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return SourceUnreadable(f"{str(path)!r} cannot be read: {reason}")
