"""git, with its repository outside of the folder that it versions."""

from __future__ import annotations

from pathlib import Path

from benchmarks.bench import program, run


class Git:
    """git on one new repository.

    Args:
        repository: a folder to be made.
        tree: the folder of files.

    Raises:
        Missing: git is not installed.
    """

    def __init__(self, repository: Path, tree: Path) -> None:
        self._command = [
            program("git", "apt-get install git"),
            f"--git-dir={repository}",
            f"--work-tree={tree}",
        ]
        run([*self._command, "init", "--quiet"])
        for name, value in (("user.name", "bench"), ("user.email", "bench@example.com")):
            self("config", name, value)

    def __call__(self, *arguments: str) -> None:
        """Run one command."""
        run([*self._command, *arguments])

    def commit_all(self) -> None:
        """Add and commit whatever changed."""
        self("add", "--all")
        self("commit", "--quiet", "--message=put")
