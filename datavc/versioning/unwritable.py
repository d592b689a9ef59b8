"""What it means that a local path cannot be written."""

from __future__ import annotations

import errno

from datavc.errors import DatavcError, InvalidPath, OutOfSpace, Unavailable


def unwritable(path: str, error: OSError) -> DatavcError:
    """The error to raise."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutOfSpace(
            f"no space left for {path!r}", hint="make room and get again: what is there is kept"
        )
    if error.errno == errno.ENAMETOOLONG:
        return InvalidPath(f"the name of {path!r} is too long for this file system")
    if error.errno in (errno.EINVAL, errno.EILSEQ):
        return InvalidPath(f"this file system cannot hold the name of {path!r}")
    return Unavailable(f"{path!r} cannot be written: {error.strerror}")
