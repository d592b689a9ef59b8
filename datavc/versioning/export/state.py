"""What an export left behind to tell the next one what is there already."""

from __future__ import annotations

import msgspec

from datavc.errors import DataCorrupt

#: Name of the file, or object, at the target.
STATE_NAME = ".datavc-export.json"
_VERSION = 1


class ExportState(msgspec.Struct, frozen=True):
    """What was exported last."""

    repo: str
    #: ``None`` before the first export is complete.
    commit: str | None
    #: The folder of the repo; ends in a slash, or is empty for all.
    prefix: str
    #: Commits that exports which were interrupted were writing.
    under_way: tuple[str, ...] = ()
    version: int = _VERSION

    def encode(self) -> bytes:
        """The bytes that are left behind."""
        return msgspec.json.format(msgspec.json.encode(self))


def decode_state(data: bytes) -> ExportState:
    """Read what an export left behind.

    Raises:
        DataCorrupt: it cannot be read, or a newer datavc wrote it.
    """
    try:
        state = msgspec.json.decode(data, type=ExportState)
    except msgspec.MsgspecError as error:
        raise DataCorrupt(
            f"{STATE_NAME!r} at the target cannot be read: {error}",
            hint="remove it there, and everything is written again",
        ) from None
    if state.version != _VERSION:
        raise DataCorrupt(
            f"{STATE_NAME!r} at the target was written by a newer datavc", hint="use that datavc"
        )
    return state
