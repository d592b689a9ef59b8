"""git with git-lfs."""

from __future__ import annotations

from benchmarks.process import installed, run
from benchmarks.programs.git import Git
from benchmarks.programs.program import number_in


class GitLfs(Git):
    """git that keeps the content of the files by git-lfs."""

    name = "git-lfs"

    @classmethod
    def version(cls) -> str:
        Git.version()
        return number_in(run([installed("git-lfs", "apt-get install git-lfs"), "version"]))

    def create(self) -> None:
        super().create()
        self("lfs", "install", "--local")
        self("lfs", "track", "*.bin")
        self("add", ".gitattributes")
