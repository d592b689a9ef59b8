"""What an error of the operating system means for whoever uses a store."""

from __future__ import annotations

import errno

from datavc.errors import DatavcError, OutOfSpace, StoreUnavailable

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def store_error(error: OSError, doing: str) -> DatavcError:
    """The datavc error for *error*, which came up while *doing* (as in "writing 'x'")."""
    reason = error.strerror or str(error)
    if error.errno in _FULL:
        return OutOfSpace(
            f"the store is full while {doing}: {reason}", hint="free some space and try again"
        )
    return StoreUnavailable(
        f"the store failed while {doing}: {reason}",
        hint="check that its folder is there and that this user may write to it",
    )
