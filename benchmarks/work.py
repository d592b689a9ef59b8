"""What the programs keep versions of: one big file, or many small ones. None compresses."""

from __future__ import annotations

import os
import random
from abc import ABC, abstractmethod
from pathlib import Path

from benchmarks.process import remove, run

_BLOCK = 8 * 1024 * 1024
_INSERTED = 1024
FOLDERS = 100
_SMALL_SIZE = 4096


class Work(ABC):
    """Files to be kept, made once, and given to each program in a folder of its own.

    Args:
        folder: where they are made.
        scale: of their size or number; 1 for what the table names.
    """

    name: str
    #: Whether removing it takes long.
    many: bool

    def __init__(self, folder: Path, scale: float) -> None:
        self._folder = folder
        self._scale = scale

    @abstractmethod
    def fill(self, folder: Path) -> None:
        """Make *folder* with the first version in it."""

    @abstractmethod
    def change(self, folder: Path, version: int) -> None:
        """Turn what is in *folder* into that version, 1 or later."""


class BigFile(Work):
    """A file of 2 GiB; later versions have 1 KiB of noise inserted near the middle of the first."""

    name = "big"
    many = False

    def source(self) -> Path:
        """The first version."""
        path = self._folder / "big.bin"
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            left = int(2 * 1024**3 * self._scale)
            with path.open("wb") as file:
                while left > 0:
                    left -= file.write(os.urandom(min(_BLOCK, left)))
        return path

    def fill(self, folder: Path) -> None:
        folder.mkdir()
        # A link costs no second copy on the disk: no program writes into the file.
        os.link(self.source(), folder / "big.bin")

    def change(self, folder: Path, version: int) -> None:
        edited = self._folder / f"big-{version}.bin"
        if not edited.exists():
            _insert(self.source(), edited)
            remove(self._folder / f"big-{version - 2}.bin")
        (folder / "big.bin").unlink()
        os.link(edited, folder / "big.bin")


class SmallFiles(Work):
    """100,000 files of 4 KiB in 100 folders; later versions have one changed in each folder."""

    name = "small"
    many = True

    def source(self) -> Path:
        """The first version."""
        root = self._folder / "small"
        if not root.exists():
            each = max(1, int(1000 * self._scale))
            for number in range(FOLDERS):
                inner = root / f"folder-{number:03}"
                inner.mkdir(parents=True)
                noise = os.urandom(each * _SMALL_SIZE)
                for index in range(each):
                    content = noise[index * _SMALL_SIZE : (index + 1) * _SMALL_SIZE]
                    (inner / f"file-{index:04}.bin").write_bytes(content)
        return root

    def fill(self, folder: Path) -> None:
        # Copies, since a link made later would change the file's stat under the other programs.
        run(["cp", "--recursive", self.source(), folder])

    def change(self, folder: Path, version: int) -> None:
        del version
        for inner in folder.glob("folder-*"):
            (inner / "file-0000.bin").write_bytes(os.urandom(_SMALL_SIZE))


class MiddlingFiles(Work):
    """512 files of 4 MiB."""

    name = "middling"
    many = False

    def source(self) -> Path:
        """The only version."""
        root = self._folder / "middling"
        if not root.exists():
            root.mkdir(parents=True)
            for number in range(max(1, int(512 * self._scale))):
                (root / f"file-{number:03}.bin").write_bytes(os.urandom(_BLOCK // 2))
        return root

    def fill(self, folder: Path) -> None:
        run(["cp", "--recursive", "--link", self.source(), folder])

    def change(self, folder: Path, version: int) -> None:
        raise NotImplementedError("there is one version")


def bytes_below(folder: Path) -> int:
    """Sum of the sizes of all files below *folder*."""
    return sum(
        os.lstat(os.path.join(root, name)).st_size  # noqa: PTH118
        for root, _, names in os.walk(folder)
        for name in names
    )


def _insert(source: Path, target: Path) -> None:
    middle = source.stat().st_size // 2 + random.randrange(1 << 20)
    with source.open("rb") as old, target.open("wb") as new:
        while (offset := old.tell()) < middle:
            new.write(old.read(min(_BLOCK, middle - offset)))
        new.write(os.urandom(_INSERTED))
        while block := old.read(_BLOCK):
            new.write(block)
