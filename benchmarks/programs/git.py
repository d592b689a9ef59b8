"""git."""

from __future__ import annotations

from pathlib import Path

from benchmarks.process import installed, run
from benchmarks.programs.program import Comparing, WorkingCopy, number_in


class Git(WorkingCopy, Comparing):
    """git, without the collection in the background that it would start after a commit."""

    name = "git"

    @classmethod
    def version(cls) -> str:
        return number_in(run([installed("git", "apt-get install git"), "--version"]))

    @property
    def store(self) -> Path:
        return self.place / ".git"

    def create(self) -> None:
        self("init", "--quiet", "--initial-branch=main")
        # It would go on behind the back of whoever is measured next.
        self("config", "gc.auto", "0")

    def commit_data(self) -> None:
        self("add", "data")
        self("commit", "--quiet", "--message=commit")

    def restore(self, target: Path) -> None:
        self("worktree", "add", "--quiet", "--detach", target)

    def restored(self, target: Path) -> tuple[Path, Path]:
        return self.data, target / "data"

    def diff(self) -> int:
        return len(self("diff", "--name-only", "HEAD~1", "HEAD").splitlines())

    def status(self) -> int:
        return len(self("status", "--porcelain").splitlines())

    def branch(self, name: str) -> None:
        self("branch", name)

    def switch(self, name: str) -> None:
        self("switch", "--quiet", name)

    def __call__(self, *arguments: str | Path) -> str:
        """Run one command."""
        return self.run("git", *arguments)
