"""datavc as users run it: by its command."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.process import remove
from benchmarks.programs.program import Comparing, WorkingCopy
from benchmarks.row import Missing
from datavc import Client, connect

if TYPE_CHECKING:
    from benchmarks.s3 import Buckets
    from benchmarks.work import Work

_COMMAND = Path(sys.executable).parent / "datavc"


class _Command(Comparing):
    @classmethod
    def version(cls) -> str:
        if not _COMMAND.exists():
            raise Missing("datavc is not installed in this environment")
        return metadata.version("datavc")

    @property
    def store(self) -> Path:
        # With its database.
        return self.place / "datavc"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **super().environment,
            "DATAVC_HOME": str(self.store),
            "DATAVC_AUTHOR": "bench",
            # Empty means unset: an installed program has its modules compiled.
            "PYTHONDONTWRITEBYTECODE": "",
        }

    def create(self) -> None:
        self("repo", "create", "data")

    def restore(self, target: Path) -> None:
        self("get", "data", "-o", str(target))

    def diff(self) -> int:
        return len(self("diff", "--name-only", "data@main~1", "data@main").splitlines())

    def client(self) -> Client:
        """The same in this process."""
        return connect(home=self.store, author="bench")

    def __call__(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run one command."""
        return self.run(_COMMAND, *arguments, cwd=cwd)


class Datavc(_Command):
    """datavc that is given a folder to put."""

    name = "datavc"

    def commit_data(self) -> None:
        self("put", "-r", "data/", "data", "-m", "put")


class DatavcOnS3(Datavc):
    """datavc with its store in a bucket."""

    def __init__(self, folder: Path, work: Work, buckets: Buckets) -> None:
        self._buckets = buckets
        self._bucket: str | None = None
        super().__init__(folder, work)

    @property
    def environment(self) -> dict[str, str]:
        store = {"DATAVC_STORE": f"s3://{self._bucket}/store"}
        return {**super().environment, **self._buckets.server.environment, **store}

    def create(self) -> None:
        self._bucket = self._buckets.new(self._bucket)
        super().create()


class DatavcCopy(_Command, WorkingCopy):
    """datavc with a working copy."""

    name = "datavc, working copy"

    def create(self) -> None:
        super().create()
        # What the repository before this one has left there.
        remove(self.data / ".datavc")
        self("checkout", "data", "data", "--force")

    def commit_data(self) -> None:
        self("commit", "-m", "commit", cwd=self.data)

    def status(self) -> int:
        return self("status", cwd=self.data).count("modified:")

    def branch(self, name: str) -> None:
        self("branch", "create", f"data@{name}", "--from", "main")

    def switch(self, name: str) -> None:
        self("switch", name, cwd=self.data)
