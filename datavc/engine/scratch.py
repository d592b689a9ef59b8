"""The engine's scratch disk: its folders, and what it means when it is full."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from datavc.engine.process_identity import identify_process, is_dead
from datavc.errors import DatavcError, OutOfSpace, SourceUnreadable

#: A disk with less room than this counts as full, in bytes.
_FULL = 64 * 1024
_OWNER_FILE = "owner"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Opening a pipe would wait for its writer otherwise.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextmanager
def scratch_errors(path: Path) -> Iterator[None]:
    """Turn operating system errors on the scratch disk into datavc's own."""
    try:
        yield
    except DatavcError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(path) from error
        raise SourceUnreadable(
            f"the scratch file {error.filename or path} cannot be used: {error.strerror}",
            hint="check the scratch disk",
        ) from error


def disk_full(path: Path) -> OutOfSpace:
    """The error for a scratch disk that has no room left."""
    return OutOfSpace(
        f"the scratch disk at {path} is full", hint="free some space, or move the scratch"
    )


def is_full(path: Path) -> bool:
    """Whether the disk that *path* is on has no room left."""
    stats = os.statvfs(path)
    return stats.f_bavail * stats.f_frsize < _FULL or (stats.f_files > 0 and stats.f_favail == 0)


def make_engine_folder(scratch: Path, name: str) -> Path:
    """Make a folder for one engine below *scratch*, closed to other users.

    The folders of engines that were killed are removed.

    Raises:
        OutOfSpace, SourceUnreadable: it cannot be made.
    """
    with scratch_errors(scratch):
        scratch.mkdir(parents=True, exist_ok=True)
        for other in scratch.iterdir():
            if _is_abandoned(other):
                shutil.rmtree(other, ignore_errors=True)
        folder = scratch / name
        folder.mkdir(mode=0o700)
        (folder / _OWNER_FILE).write_text(identify_process(), encoding="utf-8")
    return folder


def empty_folder(folder: Path) -> None:
    """Remove whatever is in *folder*, and make it if it is gone."""
    with scratch_errors(folder):
        # Every datum comes by here several times.
        try:
            is_folder = stat.S_ISDIR(folder.lstat().st_mode)
        except FileNotFoundError:
            folder.mkdir()
            return
        if not is_folder:
            folder.unlink()
            folder.mkdir()
            return
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                else:
                    os.unlink(entry.path)  # noqa: PTH108 - several times for every datum


@contextmanager
def open_below(folder: Path, path: str) -> Iterator[int]:
    """Open the file at *path* below *folder* for reading, for the time of the block.

    No link is followed on the way: a program that still runs may put one there at any time.

    Raises:
        OSError: there is none, or a link.
    """
    *parents, name = path.split("/")
    at = os.open(folder, _FOLDER)
    try:
        for parent in parents:
            below = os.open(parent, _FOLDER, dir_fd=at)
            os.close(at)
            at = below
        descriptor = os.open(name, _FILE, dir_fd=at)
    finally:
        os.close(at)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _is_abandoned(folder: Path) -> bool:
    try:
        return is_dead((folder / _OWNER_FILE).read_text(encoding="utf-8"))
    except OSError:
        return False
