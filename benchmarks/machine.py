"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path


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
    asked = {
        "restic": ["restic", "version"],
        "git": ["git", "--version"],
        "rclone": ["rclone", "version"],
    }
    found = []
    for name, command in asked.items():
        if shutil.which(name):
            text = subprocess.run(command, capture_output=True, text=True, check=False).stdout
            words = [word for word in text.split() if word.lstrip("v")[:1].isdigit()]
            found.append(f"{name} {words[0].lstrip('v')}" if words else name)
    return ", ".join(found)


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
