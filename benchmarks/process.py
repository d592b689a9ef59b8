"""Programs as processes of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.row import Missing


def run(
    command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> str:
    """Run a program that must succeed; what it printed."""
    finished = subprocess.run(
        command, env={**os.environ, **(env or {})}, cwd=cwd, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if finished.returncode:
        line = " ".join(map(str, command))
        raise RuntimeError(f"{line} failed: {finished.stdout[-500:]}{finished.stderr[-2000:]}")
    return finished.stdout


def installed(name: str, hint: str) -> str:
    """Path of a program.

    Raises:
        Missing: it is not installed.
    """
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{Path(name).name} is not installed ({hint})")
    return found


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
