"""A file that gets its name when it is complete, so that nobody ever sees a part of it."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from types import TracebackType

from datavc.model.ids import new_id

# Where the system has files without a name, a process that is killed leaves nothing behind.
_NAMELESS = getattr(os, "O_TMPFILE", 0) if Path("/proc/self/fd").is_dir() else 0


_NAME = re.compile(r"\.datavc-[0-9a-f]{32}\.part")


def part_name(folder: str) -> str:
    """A new name in *folder* for what is not complete."""
    return f"{folder}/.datavc-{new_id()}.part"


def is_part_name(name: str) -> bool:
    """Whether it is one of those: a process that was killed has left it, if none is at work."""
    return _NAME.fullmatch(name) is not None


class PartFile:
    """A new file in the folder of *target*. Every method may raise ``OSError``.

    Args:
        target: the name it is to get.
        mode: its permissions, less the umask.
    """

    def __init__(self, target: str, mode: int) -> None:
        self._target = target
        self._folder = target.rpartition("/")[0] or "/"
        self._name = ""
        self.handle = self._open(mode)

    def keep(self) -> None:
        """Put the file in its place, instead of whatever file is there."""
        if not self._name:
            try:
                self._link(self._target)
                return
            except FileExistsError:
                name = part_name(self._folder)
                self._link(name)
                self._name = name
        # Path.replace is the same, at more cost.
        os.replace(self._name, self._target)  # noqa: PTH105
        self._name = ""

    def __enter__(self) -> PartFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self.handle)
        if self._name:
            with contextlib.suppress(OSError):
                Path(self._name).unlink()

    def _open(self, mode: int) -> int:
        flags = os.O_WRONLY | os.O_CLOEXEC
        if _NAMELESS:
            # Some file systems have none; what stands in the way otherwise shows again below.
            with contextlib.suppress(OSError):
                return os.open(self._folder, flags | _NAMELESS, mode)
        name = part_name(self._folder)
        handle = os.open(name, flags | os.O_CREAT | os.O_EXCL, mode)
        self._name = name
        return handle

    def _link(self, name: str) -> None:
        # A directory handle, though unused with a full path, makes it follow the link.
        os.link(f"/proc/self/fd/{self.handle}", name, src_dir_fd=self.handle, follow_symlinks=True)
