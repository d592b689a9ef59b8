"""A disk of two MiB, for tests of what happens when it is full."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.services.requirement import missing


@contextlib.contextmanager
def mounted_disk(folder: Path, size: str = "2m") -> Iterator[Path]:
    """Mount a small disk of memory on a new folder below *folder*."""
    point = folder / "disk"
    point.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(point)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        missing("a small disk cannot be mounted: it takes root")
    try:
        yield point
    finally:
        subprocess.run(["umount", "-l", str(point)], check=True)
