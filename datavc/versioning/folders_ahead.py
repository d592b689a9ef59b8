"""Reading a large local folder ahead in other processes, while this one is still starting.

To look at 100,000 files takes as long as to start a command, and Python does one thing at a time.
It is a convenience: where a process does not start, dies, or meets what it cannot read, folders
are read here, and errors come up here.
"""

from __future__ import annotations

import contextlib
import fcntl
import marshal
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import IO

from datavc.model.link_handling import LinkHandling
from datavc.versioning import folder_share
from datavc.versioning.folder_share import LENGTH, PIPE_SIZE, PROCESSES, part_of
from datavc.versioning.local_folder import LocalFolder, read_ahead

#: Folders of fewer files and folders are read before another process has started.
_LARGE = 5000
#: Bytes that each keeps ahead of whoever asks for them, about.
_AHEAD = 64 * 1024 * 1024


def pays(top: str, links: LinkHandling) -> bool:
    """Whether reading *top* ahead takes less time than to start the processes.

    Links that are followed may lead round in circles, so nothing is read ahead then.
    """
    return links is not LinkHandling.FOLLOW and _has_processors() and _is_large(top)


@contextlib.contextmanager
def folders_ahead(top: str, links: LinkHandling) -> Iterator[None]:
    """Let :func:`~datavc.versioning.local_folder.read_folder` find folders read already.

    Args:
        top: the folder that will be read with all below, in the order of the paths.
        links: what becomes of symbolic links.
    """
    try:
        ahead = FoldersAhead(top, links)
    except OSError:
        yield
        return
    token = read_ahead.set(ahead)
    try:
        yield
    finally:
        read_ahead.reset(token)
        ahead.close()


class FoldersAhead:
    """Folders that other processes read. For one thread at a time.

    Raises:
        OSError: a process cannot be started.
    """

    def __init__(self, top: str, links: LinkHandling) -> None:
        #: When reading began, in nanoseconds since the Unix epoch.
        self.started_ns = time.time_ns()
        self._top = top
        self._links = links
        self._parts: list[_PartAhead] = []
        try:
            for part in range(PROCESSES):
                self._parts.append(_PartAhead(top, links, part))
        except OSError:
            self.close()
            raise

    def read(self, path: str, links: LinkHandling) -> LocalFolder | None:
        """The folder *path*, or ``None`` where it is not among those read ahead.

        Folders that come before it in the order of paths are dropped.
        """
        if links is not self._links:
            return None
        first = path[len(self._top) + 1 :].partition("/")[0]
        return self._parts[part_of(first)].read(path)

    def close(self) -> None:
        """End the processes."""
        for part in self._parts:
            part.close()


class _PartAhead:
    """The share of one process: the top or not, and folders in it with all that they hold."""

    def __init__(self, top: str, links: LinkHandling, part: int) -> None:
        self._process = subprocess.Popen(
            # Without -P, modules in the current folder would come first.
            [sys.executable, "-P", "-m", folder_share.__name__, top, links.value, str(part)],
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

    def read(self, path: str) -> LocalFolder | None:
        """As :meth:`FoldersAhead.read`, for a folder of this share."""
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
            with stream, contextlib.suppress(OSError):
                with contextlib.suppress(OSError):
                    fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
                while (data := _read_message(stream)) is not None:
                    folder = LocalFolder(*marshal.loads(data))  # noqa: S302 - of its own process
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
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
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
