"""One process's share of a large folder: read, and sent to the process that will need it.

It imports little, since it is what the other one waits for. Both are the same Python, so that they
understand each other's ``marshal``.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import struct
import sys
from typing import IO
from zlib import crc32

from datavc.errors import DatavcError
from datavc.model.link_handling import LinkHandling
from datavc.versioning.local_folder import read_folder

#: So many processes share the work. Whoever needs it soon waits, and leaves its processor.
PROCESSES = 2
#: Bytes that a pipe is made to hold.
PIPE_SIZE = 1024 * 1024
#: In front of each folder that is sent.
LENGTH = struct.Struct("<I")


def part_of(name: str) -> int:
    """Which process reads the folder *name* in the top, or the top itself, whose name is empty."""
    return crc32(os.fsencode(name)) % PROCESSES if name else 0


def send_all(top: str, links: LinkHandling, part: int, out: IO[bytes]) -> None:
    """Read all folders of a share in the order of their paths, and send them."""
    if part == part_of(""):
        subfolders = _send(top, links, out)
    else:
        with os.scandir(top) as entries:
            subfolders = [one.name for one in entries if one.is_dir(follow_symlinks=False)]
    folders = _below(top, [name for name in subfolders if part_of(name) == part])
    while folders:
        path = folders.pop()
        folders += _below(path, _send(path, links, out))


def _send(path: str, links: LinkHandling, out: IO[bytes]) -> list[str]:
    """Read one folder, and send it; gives its subfolders."""
    folder = read_folder(path, links=links)
    data = marshal.dumps((path, folder.names, folder.stats, folder.subfolders))
    out.write(LENGTH.pack(len(data)))
    out.write(data)
    return folder.subfolders


def _below(path: str, subfolders: list[str]) -> list[str]:
    """Their paths, the last one first."""
    # A slash follows their names in paths, which decides the order.
    names = sorted((f"{name}/" for name in subfolders), reverse=True)
    return [f"{path}/{name[:-1]}" for name in names]


def _main() -> None:
    top, links, part = sys.argv[1:]
    # Whoever asked reads what is missing, and tells what is wrong with it.
    with (
        contextlib.suppress(OSError, DatavcError, UnicodeError, KeyboardInterrupt),
        os.fdopen(os.dup(1), "wb", buffering=PIPE_SIZE // 16) as out,
    ):
        send_all(top, LinkHandling(links), int(part), out)


if __name__ == "__main__":
    _main()
