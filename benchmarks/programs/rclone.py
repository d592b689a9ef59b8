"""rclone, which keeps no versions: it copies a folder to a bucket."""

from __future__ import annotations

from pathlib import Path

from benchmarks.process import installed, run
from benchmarks.programs.program import number_in
from benchmarks.s3 import Buckets


class S3Remote:
    """An S3 server as rclone sees it.

    Raises:
        Missing: rclone is not installed.
    """

    def __init__(self, endpoint: str, key: str, secret: str, provider: str) -> None:
        Rclone.version()
        self._environment = {
            # rclone refuses to start with one, and the servers here speak plain HTTP.
            "AWS_CA_BUNDLE": "",
            "RCLONE_CONFIG": "/dev/null",
            "RCLONE_CONFIG_PEER_TYPE": "s3",
            "RCLONE_CONFIG_PEER_PROVIDER": provider,
            "RCLONE_CONFIG_PEER_ENDPOINT": endpoint,
            "RCLONE_CONFIG_PEER_ACCESS_KEY_ID": key,
            "RCLONE_CONFIG_PEER_SECRET_ACCESS_KEY": secret,
        }

    def upload(self, folder: Path, place: str) -> None:
        """Copy all that *folder* holds to a bucket, or below a folder in it."""
        self._copy(folder, f"peer:{place}")

    def download(self, place: str, folder: Path) -> None:
        """Copy a bucket, or what is below a folder in it, to *folder*."""
        self._copy(f"peer:{place}", folder)

    def _copy(self, source: str | Path, target: str | Path) -> None:
        run(["rclone", "copy", "--s3-no-check-bucket", source, target], env=self._environment)


class Rclone:
    """rclone, with a bucket of its own.

    Raises:
        Missing: it is not installed.
    """

    name = "rclone"

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets
        self._bucket: str | None = None
        server = buckets.server
        self._remote = S3Remote(server.endpoint, server.access_key, server.secret_key, "SeaweedFS")

    @classmethod
    def version(cls) -> str:
        """The version that is installed."""
        return number_in(run([installed("rclone", "apt-get install rclone"), "version"]))

    def renew(self) -> None:
        """Start with an empty bucket."""
        self._bucket = self._buckets.new(self._bucket)

    def copy(self, folder: Path) -> None:
        """Copy all that *folder* holds."""
        self._remote.upload(folder, str(self._bucket))

    def fetch(self, folder: Path) -> None:
        """Copy all that was copied to *folder*."""
        self._remote.download(str(self._bucket), folder)
