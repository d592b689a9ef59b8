"""What the benchmarks work on: one big file, and a folder of many small ones. None compresses."""

from __future__ import annotations

import os
import random
from pathlib import Path

_BLOCK = 8 * 1024 * 1024
_INSERTED = 1024
FOLDERS = 100
SMALL_SIZE = 4096


def big_file(folder: Path, scale: float) -> Path:
    """A file of 2 GiB, at scale 1; made when it is missing."""
    path = folder / "big.bin"
    if not path.exists():
        left = int(2 * 1024**3 * scale)
        with path.open("wb") as file:
            while left > 0:
                left -= file.write(os.urandom(min(_BLOCK, left)))
    return path


def insert(source: Path, target: Path) -> None:
    """Write *target*: *source* with 1 KiB of noise inserted near its middle."""
    middle = source.stat().st_size // 2 + random.randrange(1 << 20)
    with source.open("rb") as old, target.open("wb") as new:
        while (offset := old.tell()) < middle:
            new.write(old.read(min(_BLOCK, middle - offset)))
        new.write(os.urandom(_INSERTED))
        while block := old.read(_BLOCK):
            new.write(block)


def small_files(folder: Path, scale: float) -> Path:
    """A folder of 100,000 files of 4 KiB in 100 folders, at scale 1; made when it is missing."""
    root = folder / "small"
    if not root.exists():
        each = max(1, int(1000 * scale))
        for number in range(FOLDERS):
            inner = root / f"folder-{number:03}"
            inner.mkdir(parents=True)
            noise = os.urandom(each * SMALL_SIZE)
            for index in range(each):
                content = noise[index * SMALL_SIZE : (index + 1) * SMALL_SIZE]
                (inner / f"file-{index:04}.bin").write_bytes(content)
    return root


def change_files(root: Path) -> None:
    """Write anew one file in each of the 100 folders."""
    for folder in root.iterdir():
        (folder / "file-0000.bin").write_bytes(os.urandom(SMALL_SIZE))


def bytes_below(folder: Path) -> int:
    """Sum of the sizes of all files below *folder*."""
    return sum(
        os.lstat(os.path.join(root, name)).st_size  # noqa: PTH118
        for root, _, names in os.walk(folder)
        for name in names
    )
