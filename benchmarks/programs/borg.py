"""Borg."""

from __future__ import annotations

from pathlib import Path

from benchmarks.process import installed, run
from benchmarks.programs.program import Comparing, number_in


class Borg(Comparing):
    """Borg, without encryption."""

    name = "borg"

    @classmethod
    def version(cls) -> str:
        return number_in(run([installed("borg", "apt-get install borgbackup"), "--version"]))

    @property
    def store(self) -> Path:
        return self.place / "borg"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **super().environment,
            "BORG_REPO": str(self.store),
            "BORG_BASE_DIR": str(self.home),
            "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
        }

    def create(self) -> None:
        self("init", "--encryption=none")

    def commit_data(self) -> None:
        self("create", f"::{self.versions}", ".", cwd=self.data)

    def restore(self, target: Path) -> None:
        target.mkdir()
        self("extract", f"::{self.versions - 1}", cwd=target)

    def diff(self) -> int:
        last = self.versions - 1
        lines = self("diff", f"::{last - 1}", str(last)).splitlines()
        return sum(line.endswith(".bin") for line in lines)

    def __call__(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run one command."""
        return self.run("borg", *arguments, cwd=cwd)
