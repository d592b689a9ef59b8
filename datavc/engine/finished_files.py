"""Telling which files of a folder are finished, while a program goes on writing there."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

from datavc.errors import InvalidPath
from datavc.model.name import clean_path


def finished_files(folder: Path) -> dict[str, Path]:
    """The files that nobody writes to any more, by their paths below *folder*, sorted.

    Left out is whatever has a dot before its name, or lies in such a folder, what a program has
    open for writing, and whatever is no regular file or has a name that a repo cannot hold.
    """
    return dict(
        sorted((path, found) for path, found in visible_files(folder) if _is_finished(found))
    )


def visible_files(folder: Path, prefix: str = "") -> Iterator[tuple[str, Path]]:
    """The files of *folder* that may be kept, whoever writes to them, and their paths below it."""
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except FileNotFoundError:
        return  # moved meanwhile
    for entry in found:
        path = prefix + entry.name
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from visible_files(Path(entry.path), f"{path}/")
        elif entry.is_file(follow_symlinks=False) and _may_be_kept(path):
            yield path, Path(entry.path)


def _may_be_kept(path: str) -> bool:
    try:
        return clean_path(path) == path
    except InvalidPath:
        return False


def _is_finished(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return nobody_writes(descriptor)
    finally:
        os.close(descriptor)


def nobody_writes(descriptor: int) -> bool:
    """Whether no program has a file open for writing, or mapped, which is open here for reading.

    The kernel grants a lease for reading then.
    """
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return False
    try:
        # A program that comes to write in between has this process sent a signal: not the usual
        # one, which would end it.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        # A file system without leases: then a name without a dot is all there is to go by.
        return error.errno not in (errno.EAGAIN, errno.EACCES)
    return True
