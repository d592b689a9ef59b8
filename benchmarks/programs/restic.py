"""restic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.process import installed, run
from benchmarks.programs.program import Comparing, number_in

if TYPE_CHECKING:
    from benchmarks.s3 import Buckets
    from benchmarks.work import Work


class Restic(Comparing):
    """restic; its repositories are always encrypted."""

    name = "restic"

    @classmethod
    def version(cls) -> str:
        return number_in(run([installed("restic", "apt-get install restic"), "version"]))

    @property
    def store(self) -> Path:
        return self.place / "restic"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **super().environment,
            "RESTIC_REPOSITORY": str(self.store),
            "RESTIC_PASSWORD": "benchmark",
            "RESTIC_CACHE_DIR": str(self.place / "cache"),
        }

    def create(self) -> None:
        self("init")

    def commit_data(self) -> None:
        self("backup", ".", cwd=self.data)

    def restore(self, target: Path) -> None:
        self("restore", "latest", "--target", target)

    def diff(self) -> int:
        ids = [each["id"] for each in json.loads(self("snapshots", "--json"))]
        # Quiet, it would not name the files.
        lines = self.run("restic", "diff", *ids[-2:]).splitlines()
        return sum(line.startswith("M ") and line.endswith(".bin") for line in lines)

    def __call__(self, *arguments: str | Path, cwd: Path | None = None) -> str:
        """Run one command."""
        return self.run("restic", "--quiet", *arguments, cwd=cwd)


class ResticOnS3(Restic):
    """restic with its repository in a bucket."""

    def __init__(self, folder: Path, work: Work, buckets: Buckets) -> None:
        self._buckets = buckets
        self._bucket: str | None = None
        super().__init__(folder, work)

    @property
    def environment(self) -> dict[str, str]:
        server = self._buckets.server
        address = f"s3:{server.endpoint}/{self._bucket}"
        return {**super().environment, **server.environment, "RESTIC_REPOSITORY": address}

    def create(self) -> None:
        self._bucket = self._buckets.new(self._bucket)
        super().create()
