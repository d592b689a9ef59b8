"""rclone, which keeps no versions: it copies a folder to a bucket."""

from __future__ import annotations

from pathlib import Path

from benchmarks.process import installed, run
from benchmarks.programs.program import number_in
from benchmarks.s3 import Buckets


class Rclone:
    """rclone, with a bucket of its own.

    Raises:
        Missing: it is not installed.
    """

    name = "rclone"

    def __init__(self, buckets: Buckets) -> None:
        self.version()
        self._buckets = buckets
        self._bucket: str | None = None
        server = buckets.server
        self._environment = {
            # rclone refuses to start with one, and the server here speaks plain HTTP.
            "AWS_CA_BUNDLE": "",
            "RCLONE_CONFIG": "/dev/null",
            "RCLONE_CONFIG_PEER_TYPE": "s3",
            "RCLONE_CONFIG_PEER_PROVIDER": "SeaweedFS",
            "RCLONE_CONFIG_PEER_ENDPOINT": server.endpoint,
            "RCLONE_CONFIG_PEER_ACCESS_KEY_ID": server.access_key,
            "RCLONE_CONFIG_PEER_SECRET_ACCESS_KEY": server.secret_key,
        }

    @classmethod
    def version(cls) -> str:
        """The version that is installed."""
        return number_in(run([installed("rclone", "apt-get install rclone"), "version"]))

    def renew(self) -> None:
        """Start with an empty bucket."""
        self._bucket = self._buckets.new(self._bucket)

    def copy(self, folder: Path) -> None:
        """Copy all that *folder* holds."""
        target = f"peer:{self._bucket}"
        run(["rclone", "copy", "--s3-no-check-bucket", folder, target], env=self._environment)
