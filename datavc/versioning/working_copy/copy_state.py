"""What a working copy knows of itself: a small file in its ``.datavc`` folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

import msgspec

from datavc.errors import Conflict, DataCorrupt, InvalidPath, NotFound, Unavailable
from datavc.versioning.part_file import PartFile

#: The folder of a working copy that is datavc's own.
STATE_FOLDER = ".datavc"
_FILE = "copy.json"
_LOCK = "lock"
_VERSION = 1
#: The root of a working copy, and its lock, which whoever needs it next finds taken.
_taken: ContextVar[tuple[Path, int] | None] = ContextVar("taken", default=None)


class CopyState(msgspec.Struct, frozen=True):
    """Which files a working copy holds."""

    #: The datavc that they come from: a home folder or a server's URL.
    place: str
    repo: str
    #: What was checked out: a branch, or what else a ref may be.
    ref: str
    #: Whether *ref* is a branch, so that it can be committed to.
    is_branch: bool
    #: The folder of the repo that is checked out; ends in a slash, or is empty for all.
    prefix: str
    #: The commit whose files are there; ``None`` before the first is complete.
    commit: str | None
    #: The commits that commands which were interrupted were bringing in.
    under_way: tuple[str, ...] = ()
    version: int = _VERSION

    def is_of(self, address: str) -> bool:
        """Whether its files come from that datavc; a home may be reached by several paths."""
        if self.place == address:
            return True
        are_folders = "://" not in self.place and "://" not in address
        return are_folders and Path(self.place).resolve() == Path(address).resolve()


def find_root(start: Path) -> Path:
    """The working copy that *start* is, or is in.

    Raises:
        NotFound: there is none.
    """
    start = start.absolute()
    for folder in (start, *start.parents):
        if (folder / STATE_FOLDER / _FILE).is_file():
            return folder
    raise NotFound(
        f"{str(start)!r} is in no working copy",
        hint="make one with `datavc checkout REPO FOLDER`, or name a branch: REPO@BRANCH",
    )


def read_state(root: Path) -> CopyState:
    """What the working copy in *root* knows of itself.

    Raises:
        DataCorrupt: that cannot be read, or a newer datavc wrote it.
    """
    path = root / STATE_FOLDER / _FILE
    try:
        state = msgspec.json.decode(path.read_bytes(), type=CopyState)
    except (OSError, msgspec.MsgspecError) as error:
        raise DataCorrupt(
            f"{str(path)!r} cannot be read: {error}",
            hint="check out again into a new folder, and move your changes there",
        ) from None
    if state.version != _VERSION:
        raise DataCorrupt(
            f"{str(path)!r} was written by a newer datavc", hint="use that datavc here"
        )
    return state


def write_state(root: Path, state: CopyState) -> None:
    """Replace what the working copy knows of itself, durably.

    Raises:
        InvalidPath: a link is where its folder belongs.
        Unavailable: it cannot be written.
    """
    folder = _own_folder(root)
    try:
        with PartFile(str(folder / _FILE), 0o666) as part:
            os.write(part.handle, msgspec.json.format(msgspec.json.encode(state)))
            os.fsync(part.handle)
            part.keep()
    except OSError as error:
        raise Unavailable(f"{str(folder)!r} cannot be written: {error.strerror}") from None


def _own_folder(root: Path) -> Path:
    folder = root / STATE_FOLDER
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{str(folder)!r} cannot be written: {error.strerror}") from None
    if folder.is_symlink():
        raise InvalidPath(
            f"{str(folder)!r} is a link, which leads elsewhere", hint="remove it, and try again"
        )
    return folder


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Let nobody else work on the working copy meanwhile. A killed process lets go of it.

    Raises:
        Conflict: somebody does.
        Unavailable: the folder cannot be written.
    """
    taken = _taken.get()
    if taken is not None and taken[0] == root:
        _taken.set(None)
        handle = taken[1]
    else:
        handle = _lock(root)
    try:
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def locked_ahead(root: Path) -> Iterator[None]:
    """Take the lock for the :func:`locked` that follows: what is read until then stays true.

    Raises:
        Conflict, Unavailable: as :func:`locked`.
    """
    handle = _lock(root)
    token = _taken.set((root, handle))
    try:
        yield
    finally:
        if _taken.get() is not None:
            os.close(handle)
        _taken.reset(token)


def _lock(root: Path) -> int:
    # Not on every system.
    import fcntl

    folder = _own_folder(root)
    try:
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise Unavailable(f"{str(folder)!r} cannot be written: {error.strerror}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException as error:
        os.close(handle)
        if not isinstance(error, BlockingIOError):
            raise
        raise Conflict(
            f"another command is at work in {str(root)!r}", hint="wait until it is done"
        ) from None
    return handle
