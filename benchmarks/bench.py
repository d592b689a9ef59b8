"""A place to measure in: its folder, the scale of the data, and datavc as users run it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.data import big_file, small_files
from benchmarks.row import Missing
from datavc import Client, connect


class Bench:
    """Where the rows work.

    Args:
        folder: for data and results of runs.
        scale: of the data; 1 for the sizes that the table names.
        cleanup: closes what rows open, at the end.
    """

    def __init__(self, folder: Path, scale: float, cleanup: contextlib.ExitStack) -> None:
        self.folder = folder
        self.scale = scale
        self.cleanup = cleanup

    def big(self) -> Path:
        """The big file."""
        return big_file(self.folder, self.scale)

    def small(self) -> Path:
        """The folder of small files."""
        return small_files(self.folder, self.scale)

    def space(self, name: str) -> Path:
        """A path that a row may make what it likes at; nothing is there."""
        path = self.folder / "runs" / name
        remove(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def home(self, name: str, store: str | None = None) -> Path:
        """A new datavc home that holds the empty repo ``data``."""
        path = self.space(name)
        with self.client(path, store) as client:
            client.create_repo("data")
        return path

    def client(self, home: Path, store: str | None = None) -> Client:
        """An SDK client of *home*."""
        return connect(home=home, store=store, author="bench")

    def datavc(self, home: Path, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        """Run the command line as a process of its own."""
        command = [sys.executable, "-m", "datavc_cli", "--home", str(home), *arguments]
        # Empty means unset: an installed program has its modules compiled.
        run(command, env={"PYTHONDONTWRITEBYTECODE": "", "DATAVC_AUTHOR": "bench", **(env or {})})


def run(
    command: list[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> str:
    """Run a program that must succeed; what it printed."""
    finished = subprocess.run(
        command, env={**os.environ, **(env or {})}, cwd=cwd, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if finished.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {finished.stderr[-2000:]}")
    return finished.stdout


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def program(name: str, hint: str) -> str:
    """Path of a program.

    Raises:
        Missing: it is not installed.
    """
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not installed ({hint})")
    return found
