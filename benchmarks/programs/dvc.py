"""DVC in a git repository, as its users have it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.process import installed, run
from benchmarks.programs.git import Git
from benchmarks.programs.program import number_in
from benchmarks.programs.venvs import PREPARE, VENVS

if TYPE_CHECKING:
    from benchmarks.s3 import Buckets

_DVC = VENVS / "dvc" / "bin" / "dvc"


class Dvc(Git):
    """DVC, with git for what it writes down about the data."""

    name = "dvc"
    _bucket: str | None = None

    @classmethod
    def version(cls) -> str:
        Git.version()
        return number_in(run([installed(str(_DVC), PREPARE), "--version"]))

    @property
    def store(self) -> Path:
        return self.place / ".dvc" / "cache"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **super().environment,
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(self.home / "site"),
        }

    def create(self) -> None:
        super().create()
        self.dvc("init", "--quiet")

    def commit_data(self) -> None:
        self.dvc("add", "--quiet", "data")
        self("add", "data.dvc", ".gitignore", ".dvc", ".dvcignore")
        self("commit", "--quiet", "--message=commit")

    def prepare_restore(self, target: Path) -> None:
        """Clone what git holds; the cache is shared with the clone."""
        self("clone", "--quiet", self.place, target)
        self.dvc("cache", "dir", "--local", self.store, cwd=target)

    def restore(self, target: Path) -> None:
        self.dvc("checkout", "--quiet", cwd=target)

    def diff(self) -> int:
        changes = self.dvc("diff", "HEAD~1", "HEAD").splitlines()
        return sum(line.strip().endswith(".bin") for line in changes)

    def status(self) -> int:
        """1 where anything is changed: it names the folder, not its files."""
        return self.dvc("status").count("modified:")

    def switch(self, name: str) -> None:
        super().switch(name)
        self.dvc("checkout", "--quiet")

    def renew_remote(self, buckets: Buckets) -> None:
        """Choose an empty bucket to push to."""
        self._bucket = buckets.new(self._bucket)
        server = buckets.server
        settings = {
            "endpointurl": server.endpoint,
            "access_key_id": server.access_key,
            "secret_access_key": server.secret_key,
        }
        self.dvc(
            "remote", "add", "--force", "--local", "--default", "peer", f"s3://{self._bucket}/dvc"
        )
        for name, value in settings.items():
            self.dvc("remote", "modify", "--local", "peer", name, value)

    def push(self) -> None:
        """Copy what the bucket lacks to it."""
        self.dvc("push", "--quiet")

    def dvc(self, *arguments: str | Path, cwd: Path | None = None) -> str:
        """Run one command of DVC."""
        return self.run(_DVC, *arguments, cwd=cwd)
