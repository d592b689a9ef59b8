"""restic, with repositories of its own for each run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.bench import program, run


class Restic:
    """restic on one repository.

    Args:
        repository: a folder or an ``s3:`` address.
        cache: folder for restic's cache.
        env: more variables, such as S3 keys.

    Raises:
        Missing: restic is not installed.
    """

    def __init__(self, repository: str, cache: Path, env: Mapping[str, str] | None = None) -> None:
        self._program = program("restic", "apt-get install restic")
        self._env = {
            "RESTIC_REPOSITORY": repository,
            "RESTIC_PASSWORD": "benchmark",
            "RESTIC_CACHE_DIR": str(cache),
            **(env or {}),
        }

    def __call__(self, *arguments: str, cwd: Path | None = None) -> None:
        """Run one command."""
        run([self._program, "--quiet", *arguments], env=self._env, cwd=cwd)
