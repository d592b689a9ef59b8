"""An external file on this machine, or on a disk that it shares."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from datavc.errors import AccessDenied, SourceUnreadable
from datavc.model.external import External, Pin
from datavc.model.source_uri import file_path
from datavc.store.external.address_guard import refused
from datavc.store.external.problem import changed, differs, gone

_PIECE = 1024 * 1024

#: Says whether a file may be read, given by its path without links.
Allows = Callable[[str], bool]


def read_local(
    external: External, start: int, stop: int, allows: Allows | None = None
) -> Iterator[bytes]:
    """The bytes of a file from *start* up to *stop*; each piece is that of the pinned version.

    Raises:
        SourceChanged: the file is gone, or is another version.
        AccessDenied: this process may not read it, or *allows* says no.
        SourceUnreadable: it cannot be read.
    """
    with _opened(external, allows) as handle:
        _check(external, os.fstat(handle))
        position = start
        while position < stop:
            try:
                piece = os.pread(handle, min(_PIECE, stop - position), position)
            except OSError as error:
                raise _failed(external, error) from None
            # Looked at again behind each read, so that nothing is handed on which is newer.
            _check(external, os.fstat(handle))
            if not piece:
                raise changed(external.uri, f"ends before byte {stop}")
            position += len(piece)
            yield piece


@contextmanager
def _opened(external: External, allows: Allows | None) -> Iterator[int]:
    path = file_path(external.uri)
    # What is opened is what was looked at: a link that is put in its way meanwhile is not followed.
    real = path if allows is None else os.path.realpath(path)
    if allows is not None and not allows(real):
        raise refused(external.uri)
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (os.O_NOFOLLOW if allows else 0)
    try:
        handle = os.open(real, flags)
    except (FileNotFoundError, NotADirectoryError):
        raise gone(external.uri) from None
    except (OSError, ValueError) as error:
        raise _failed(external, error) from None
    try:
        # A folder above may have become a link since.
        if allows is not None and not allows(os.path.realpath(f"/proc/self/fd/{handle}")):
            raise refused(external.uri)
        yield handle
    finally:
        os.close(handle)


def _check(external: External, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise changed(external.uri, "is no regular file any more")
    if status.st_size != external.size:
        raise differs(external.uri, "size", status.st_size, external.size)
    pinned = external.pin(Pin.MTIME_NS)
    if str(status.st_mtime_ns) != pinned:
        raise differs(external.uri, "time of last change", status.st_mtime_ns, pinned)


def _failed(external: External, error: OSError | ValueError) -> SourceUnreadable | AccessDenied:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    text = f"the source {external.uri} of an external file cannot be read: {reason}"
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM):
        return AccessDenied(text, hint="ask whoever owns the file to let you read it")
    return SourceUnreadable(text)
