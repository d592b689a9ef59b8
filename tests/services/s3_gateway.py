"""The S3 gateway in this process, for the tests of what speaks S3."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import uvicorn
from botocore.config import Config

from datavc.engine.s3_keys import create_s3_key
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from datavc_server.s3.app import create_s3_app
from datavc_server.settings import ServerSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class S3Gateway:
    """A gateway that answers, and a key that opens it."""

    vs: VersionedStore
    url: str
    key: str
    secret: str

    def client(self, *, read_only: bool = False, **config: Any) -> S3Client:
        """A boto3 client of it, which tries nothing twice."""
        key, secret = self.key, self.secret
        if read_only:
            made = create_s3_key(self.vs, "reader", read_only=True)
            key, secret = made.id, made.secret
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            region_name="eu-central-1",
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    @property
    def environment(self) -> dict[str, str]:
        """What clients are told by variables."""
        return {
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@contextlib.contextmanager
def running_gateway(
    home: Path, *, database: str | None = None, **settings: Any
) -> Iterator[S3Gateway]:
    """Serve *home* to S3 clients on a free loopback port."""
    with (
        open_versioned_store(home, database_url=database) as vs,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        app = create_s3_app(vs, ServerSettings(**settings))
        config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        made = create_s3_key(vs, "ana")
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            yield S3Gateway(vs, url, made.id, made.secret)
        finally:
            server.should_exit = True
            thread.join()
