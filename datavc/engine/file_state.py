"""Whether a file is as it was: what tells that nobody has written to it since."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

#: File systems whose files can be written to by way of a mapping without their times telling.
_UNTOLD = ("tmpfs", "ramfs")
_MOUNTS = Path("/proc/self/mountinfo")


class FileState(NamedTuple):
    """Changes with every write, truncation, replacement, link and change of mode or times.

    Nobody can set the time of the last change, so a file that was written to and then given its
    old time is told from the one before. It says nothing of writes in the same instant as the one
    before: a state counts only once it has been the same for a moment.
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileState:
        """What ``stat`` has found."""
        return cls(
            status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
        )


def states_tell(folder: Path) -> bool:
    """Whether a file system is one where a file that is written to has another state."""
    return _type_of_device(folder.stat().st_dev) not in _UNTOLD


@lru_cache
def _type_of_device(device: int) -> str:
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        mount, _, source = line.partition(" - ")
        if mount.split()[2] == number:
            return source.split()[0]
    return ""
