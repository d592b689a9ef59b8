"""One local folder as it is read in: its files with their stats, and its subfolders."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from datavc.errors import SourceUnreadable
from datavc.model.name import clean_path


@dataclass(slots=True)
class LocalFolder:
    """A folder's files, sorted by name, as columns; and the names of its subfolders, sorted."""

    path: str
    names: list[str] = field(default_factory=list)
    #: Size, modification and status-change time in nanoseconds, inode, and mode of each file.
    stats: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    subfolders: list[str] = field(default_factory=list)

    def in_order(self) -> Iterator[tuple[str, int | None]]:
        """Files (with their index) and subfolders in the order of the paths below them."""
        files = ((name, index) for index, name in enumerate(self.names))
        # A subfolder's paths continue with a slash, which decides their place among the files.
        named: list[tuple[str, int | None]] = [(f"{name}/", None) for name in self.subfolders]
        yield from sorted([*files, *named])


def read_folder(path: str, *, follow_links: bool) -> LocalFolder:
    """Read the folder *path*.

    Raises:
        SourceUnreadable: it cannot be read, or holds what is neither file nor folder; a symlink
            counts as such unless *follow_links* is set.
        InvalidPath: a name in it is not valid Unicode.
    """
    files: list[tuple[str, tuple[int, int, int, int, int]]] = []
    subfolders: list[str] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=follow_links)
                mode = status.st_mode
                if stat.S_ISREG(mode):
                    files.append((entry.name, _stats(status)))
                elif stat.S_ISDIR(mode):
                    subfolders.append(entry.name)
                else:
                    raise _neither(entry.path, mode)
    except OSError as error:
        raise SourceUnreadable(
            f"{error.filename or path!r} cannot be read: {error.strerror}"
        ) from None
    _check_names([name for name, _ in files], subfolders)
    files.sort()
    subfolders.sort()
    return LocalFolder(path, [name for name, _ in files], [stats for _, stats in files], subfolders)


def read_file_stats(path: str, *, follow_links: bool) -> tuple[int, int, int, int, int]:
    """Stats of one regular file, as in :class:`LocalFolder`.

    Raises:
        SourceUnreadable: as :func:`read_folder`.
    """
    try:
        status = Path(path).stat(follow_symlinks=follow_links)
    except OSError as error:
        raise SourceUnreadable(f"{path!r} cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(status.st_mode):
        raise _neither(path, status.st_mode)
    return _stats(status)


def _stats(status: os.stat_result) -> tuple[int, int, int, int, int]:
    return (
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_ino,
        status.st_mode,
    )


def _check_names(*lists: list[str]) -> None:
    for names in lists:
        # One check for all: a name cannot hold a slash, so joined ones are a path.
        joined = "".join(names)
        if not joined.isascii() or "\0" in joined:
            for name in names:
                clean_path(name)


def _neither(path: str, mode: int) -> SourceUnreadable:
    if stat.S_ISLNK(mode):
        return SourceUnreadable(
            f"{path!r} is a symbolic link",
            hint="put what it points to with --follow-links, or remove it",
        )
    return SourceUnreadable(
        f"{path!r} is neither a file nor a folder", hint="only files can be put"
    )
