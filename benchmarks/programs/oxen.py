"""Oxen, by its Python package: it brings no command, so a small one drives it."""

from __future__ import annotations

from pathlib import Path

from benchmarks.process import installed, run
from benchmarks.programs.program import WorkingCopy
from benchmarks.programs.venvs import PREPARE, VENVS

_PYTHON = VENVS / "oxen" / "bin" / "python"
_COMMAND = Path(__file__).with_name("oxen_command.py")


class Oxen(WorkingCopy):
    """Oxen; each command is a process of its own."""

    name = "oxen"

    @classmethod
    def version(cls) -> str:
        code = "from importlib.metadata import version; print(version('oxenai'))"
        return run([installed(str(_PYTHON), PREPARE), "-c", code]).strip()

    @property
    def store(self) -> Path:
        return self.place / ".oxen"

    def create(self) -> None:
        self("init")

    def commit_data(self) -> None:
        self("commit", "data")

    def prepare_restore(self, target: Path) -> None:
        """Move the folder away: Oxen restores it in its place."""
        self.data.rename(target)

    def restore(self, target: Path) -> None:
        del target
        self("restore", "data")

    def restored(self, target: Path) -> tuple[Path, Path]:
        return target, self.data

    def status(self) -> int:
        return int(self("status").splitlines()[-1])

    def branch(self, name: str) -> None:
        # It makes one by switching to it.
        self("branch", name)

    def switch(self, name: str) -> None:
        self("switch", name)

    def __call__(self, *arguments: str) -> str:
        """Run one command."""
        # Without -P, this folder would be searched for the package first.
        return self.run(_PYTHON, "-P", _COMMAND, *arguments)
