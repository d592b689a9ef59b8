"""One local folder as it is read in: its files with their stats, and its subfolders."""

from __future__ import annotations

import os
import stat
import time
from array import array
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from datavc.errors import SourceUnreadable
from datavc.model.link_handling import LinkHandling
from datavc.model.name import clean_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

#: Size, modification and status-change time in nanoseconds, inode, and mode of a file.
_numbers = attrgetter("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino", "st_mode")
_COLUMNS = 5
_MODE = 4
STATS_SIZE = 8 * _COLUMNS
_U64 = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """A folder's files, sorted by name, and the names of its subfolders, sorted."""

    path: str
    names: list[str]
    #: The files' stats end to end, packed, so that those of a folder are compared at once.
    stats: bytes
    subfolders: list[str]

    def sizes(self) -> array[int]:
        """The files' sizes in bytes."""
        return stats_column(self.stats, 0)

    def modes(self) -> array[int]:
        """The files' kinds and permissions."""
        return stats_column(self.stats, _MODE)

    def without(self, left_out: Collection[str]) -> LocalFolder:
        """The folder less some names; those of subfolders end in a slash."""
        kept = [index for index, name in enumerate(self.names) if name not in left_out]
        stats = self.stats
        return LocalFolder(
            self.path,
            [self.names[index] for index in kept],
            b"".join(stats[at * STATS_SIZE : (at + 1) * STATS_SIZE] for at in kept),
            [name for name in self.subfolders if f"{name}/" not in left_out],
        )

    def in_order(self, indices: Iterable[int]) -> Iterator[tuple[str, int | None]]:
        """The files at *indices*, each with its index, and all subfolders, sorted by path."""
        names = self.names
        files: list[tuple[str, int | None]] = [(names[index], index) for index in indices]
        if not self.subfolders:
            return iter(files)
        # A subfolder's paths continue with a slash, which decides their place among the files.
        folders: list[tuple[str, int | None]] = [(f"{name}/", None) for name in self.subfolders]
        return iter(sorted([*files, *folders], key=_name))


def stats_column(stats: bytes, column: int) -> array[int]:
    """One number of each file in packed *stats*."""
    return array("Q", stats)[column::_COLUMNS]


class ReadAhead(Protocol):
    """Folders that were read before they are asked for."""

    #: When the first was, in nanoseconds since the Unix epoch.
    started_ns: int

    def read(self, path: str, links: LinkHandling) -> LocalFolder | None:
        """The folder *path*, if it is among them."""


#: What :func:`read_folder` asks first.
read_ahead: ContextVar[ReadAhead | None] = ContextVar("read_ahead", default=None)


def reading_since() -> int:
    """Since when folders were read that :func:`read_folder` gives from now on, in nanoseconds."""
    ahead = read_ahead.get()
    return time.time_ns() if ahead is None else ahead.started_ns


def read_folder(path: str, *, links: LinkHandling) -> LocalFolder:
    """Read the folder *path*.

    Raises:
        SourceUnreadable: it cannot be read, or holds what is neither file nor folder; a symlink
            counts as such where *links* says to refuse them.
        InvalidPath: a name in it is not valid Unicode.
    """
    ahead = read_ahead.get()
    if ahead is not None and (found := ahead.read(path, links)) is not None:
        return found
    try:
        names, stats = _read_stats(path, follow=links is LinkHandling.FOLLOW)
    except OSError as error:
        place = path if error.filename in (None, path) else f"{path}/{error.filename}"
        raise SourceUnreadable(f"{place!r} cannot be read: {error.strerror}") from None
    subfolders: list[str] = []
    modes = stats[_MODE::_COLUMNS]
    if not all(map(stat.S_ISREG, set(modes))):
        kept: list[int] = []
        for index, mode in enumerate(modes):
            if stat.S_ISREG(mode) or (links is LinkHandling.KEEP and stat.S_ISLNK(mode)):
                kept.append(index)
            elif stat.S_ISDIR(mode):
                subfolders.append(names[index])
            else:
                raise _neither(f"{path}/{names[index]}", mode)
        names = [names[index] for index in kept]
        stats = array(
            "Q", chain.from_iterable(stats[at * _COLUMNS : (at + 1) * _COLUMNS] for at in kept)
        )
    _check_names(names, subfolders)
    return LocalFolder(path, names, stats.tobytes(), subfolders)


def _read_stats(path: str, *, follow: bool) -> tuple[list[str], array[int]]:
    """The names in a folder, sorted, and the stats of each.

    No step of it runs in Python for each file: that takes as long again as the system does.
    """
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        names = sorted(os.listdir(folder))
        look = partial(os.stat, dir_fd=folder, follow_symlinks=follow)
        numbers = chain.from_iterable(map(_numbers, map(look, names)))
        try:
            return names, array("Q", numbers)
        except OverflowError:
            # Times before 1970 are negative.
            numbers = chain.from_iterable(map(_numbers, map(look, names)))
            return names, array("Q", (number & _U64 for number in numbers))
    finally:
        os.close(folder)


def read_file_stats(path: str, *, links: LinkHandling) -> tuple[int, int]:
    """Size in bytes and mode of one regular file, or of a link that is kept.

    Raises:
        SourceUnreadable: as :func:`read_folder`.
    """
    try:
        status = Path(path).stat(follow_symlinks=links is LinkHandling.FOLLOW)
    except OSError as error:
        raise SourceUnreadable(f"{path!r} cannot be read: {error.strerror}") from None
    is_kept = links is LinkHandling.KEEP and stat.S_ISLNK(status.st_mode)
    if not (stat.S_ISREG(status.st_mode) or is_kept):
        raise _neither(path, status.st_mode)
    return status.st_size, status.st_mode


def _check_names(*lists: list[str]) -> None:
    for names in lists:
        # One check for all: a name cannot hold a slash, so joined ones are a path.
        joined = "".join(names)
        if not joined.isascii() or "\0" in joined:
            for name in names:
                clean_path(name)


def _name(item: tuple[str, int | None]) -> str:
    return item[0]


def _neither(path: str, mode: int) -> SourceUnreadable:
    if stat.S_ISLNK(mode):
        return SourceUnreadable(
            f"{path!r} is a symbolic link",
            hint="put what it points to with --follow-links, or the link itself with --keep-links",
        )
    return SourceUnreadable(
        f"{path!r} is neither a file nor a folder", hint="only files can be put"
    )
