"""Reading a large local folder ahead in a second process, while this one is still starting.

To look at 100,000 files takes as long as to start a command, and Python does one thing at a time.
It is a convenience: where the process does not start, dies, or meets what it cannot read, folders
are read here, and errors come up here.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import IO

import msgspec

from datavc.errors import DatavcError
from datavc.model.link_handling import LinkHandling
from datavc.versioning.local_folder import LocalFolder, read_ahead, read_folder

#: Folders of fewer files and folders are read before another process has started.
_LARGE = 5000
#: Bytes that are kept ahead of whoever asks for them, about.
_AHEAD = 64 * 1024 * 1024
_PIPE_SIZE = 1024 * 1024
_LENGTH = struct.Struct("<I")


class _Folder(msgspec.Struct, array_like=True):
    path: str
    names: list[str]
    stats: bytes
    subfolders: list[str]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Folder).decode


@contextlib.contextmanager
def folders_ahead(top: str, links: LinkHandling) -> Iterator[None]:
    """Let :func:`~datavc.versioning.local_folder.read_folder` find folders read already.

    Args:
        top: the folder that will be read with all below, in the order of the paths.
        links: what becomes of symbolic links. Those that are followed may lead round in circles,
            so nothing is read ahead then.
    """
    ahead = None
    if links is not LinkHandling.FOLLOW and _has_processors() and _is_large(top):
        with contextlib.suppress(OSError):
            ahead = FoldersAhead(top, links)
    if ahead is None:
        yield
        return
    token = read_ahead.set(ahead)
    try:
        yield
    finally:
        read_ahead.reset(token)
        ahead.close()


class FoldersAhead:
    """Folders that a process of its own reads. For one thread at a time.

    Raises:
        OSError: the process cannot be started.
    """

    def __init__(self, top: str, links: LinkHandling) -> None:
        #: When reading began, in nanoseconds since the Unix epoch.
        self.started_ns = time.time_ns()
        self._links = links
        self._process = subprocess.Popen(
            # Without -P, modules in the current folder would come first.
            [sys.executable, "-P", "-m", __name__, top, links.value],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._changed = threading.Condition()
        self._waiting: deque[tuple[LocalFolder, int]] = deque()
        self._bytes = 0
        self._over = False
        self._thread = threading.Thread(target=self._receive, name="datavc-ahead", daemon=True)
        self._thread.start()

    def read(self, path: str, links: LinkHandling) -> LocalFolder | None:
        """The folder *path*, or ``None`` where it is not among those read ahead.

        Folders that come before it in the order of paths are dropped.
        """
        if links is not self._links:
            return None
        wanted = f"{path}/"
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or self._over)
                if not self._waiting or f"{self._waiting[0][0].path}/" > wanted:
                    return None
                folder, size = self._waiting.popleft()
                self._bytes -= size
                self._changed.notify_all()
                if folder.path == path:
                    return folder

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._thread.join()
        self._process.wait()

    def _receive(self) -> None:
        stream = self._process.stdout
        if stream is not None:
            with stream, contextlib.suppress(OSError, msgspec.MsgspecError):
                with contextlib.suppress(OSError):
                    fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
                while (data := _read_message(stream)) is not None:
                    found = _decode(data)
                    folder = LocalFolder(found.path, found.names, found.stats, found.subfolders)
                    if not self._keep(folder, len(data)):
                        break
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _keep(self, folder: LocalFolder, size: int) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._bytes < _AHEAD or self._over)
            self._waiting.append((folder, size))
            self._bytes += size
            self._changed.notify_all()
            return not self._over


def _read_message(stream: IO[bytes]) -> bytes | None:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (size,) = _LENGTH.unpack(head)
    data = stream.read(size)
    return data if len(data) == size else None


def _has_processors() -> bool:
    return bool(sys.executable) and len(os.sched_getaffinity(0)) > 1


def _is_large(top: str) -> bool:
    """Whether it pays; what cannot be read is somebody else's business."""
    left = _LARGE
    folders = [top]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    left -= 1
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    if not left:
                        return True
        except OSError:
            return False
    return False


def _send_all(top: str, links: LinkHandling, out: IO[bytes]) -> None:
    """Read all folders in the order of their paths, and send them."""
    folders = [top]
    while folders:
        path = folders.pop()
        folder = read_folder(path, links=links)
        data = _encode(_Folder(path, folder.names, folder.stats, folder.subfolders))
        out.write(_LENGTH.pack(len(data)))
        out.write(data)
        # A slash follows their names in paths, which decides the order.
        below = sorted((f"{name}/" for name in folder.subfolders), reverse=True)
        folders += [f"{path}/{name[:-1]}" for name in below]


def _main() -> None:
    top, links = sys.argv[1:]
    # Whoever asked reads what is missing, and tells what is wrong with it.
    with (
        contextlib.suppress(OSError, DatavcError, UnicodeError, KeyboardInterrupt),
        os.fdopen(os.dup(1), "wb", buffering=_PIPE_SIZE // 16) as out,
    ):
        _send_all(top, LinkHandling(links), out)


if __name__ == "__main__":
    _main()
