"""What the figures were measured on."""

from __future__ import annotations

import functools
import os
import platform
from pathlib import Path

from benchmarks.programs import PEERS
from benchmarks.row import Missing


def describe_machine(folder: Path) -> str:
    """Processor, memory, file system of *folder*, kernel and Python, in one line."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1024**3
    return ", ".join(
        [
            f"{os.cpu_count()} x {_processor()}",
            f"{memory:.0f} GiB",
            _file_system(folder),
            f"Linux {platform.release()}",
            f"Python {platform.python_version()}",
        ]
    )


def describe_peers() -> str:
    """Versions of the programs that are compared with."""
    return ", ".join(f"{name} {version}" for name, version, _ in look_for_peers() if version)


@functools.cache
def look_for_peers() -> list[tuple[str, str, str]]:
    """Name and version of each peer, or how to get it."""
    found = []
    for peer in PEERS:
        try:
            found.append((peer.name, peer.version(), ""))
        except Missing as error:
            found.append((peer.name, "", str(error)))
    return found


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    """The type of the file system that holds *folder*: that of the deepest mount above it."""
    above = {str(path) for path in (folder.resolve(), *folder.resolve().parents)}
    mounts = [line.split()[1:3] for line in Path("/proc/self/mounts").read_text().splitlines()]
    held_by = [(len(point), kind) for point, kind in mounts if point in above]
    return max(held_by)[1] if held_by else "unknown file system"
