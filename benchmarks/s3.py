"""A real S3 server to measure against, and buckets that come and go with each run."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from benchmarks.row import Missing
from tests.services.s3 import S3Server, running_s3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Buckets:
    """A server that runs until *cleanup* is closed.

    Raises:
        Missing: SeaweedFS is not installed.
    """

    def __init__(self, cleanup: contextlib.ExitStack) -> None:
        import boto3

        try:
            self.server: S3Server = cleanup.enter_context(running_s3())
        except (pytest.skip.Exception, pytest.fail.Exception) as error:
            raise Missing(str(error)) from None
        self._client: S3Client = boto3.client(
            "s3",
            endpoint_url=self.server.endpoint,
            aws_access_key_id=self.server.access_key,
            aws_secret_access_key=self.server.secret_key,
            region_name=self.server.region,
        )
        cleanup.callback(self._client.close)
        self._count = 0

    def new(self, old: str | None) -> str:
        """Name of a new bucket; *old* goes away with all it holds."""
        if old is not None:
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=old)
            for page in pages:
                for item in page.get("Contents", []):
                    self._client.delete_object(Bucket=old, Key=item["Key"])
            self._client.delete_bucket(Bucket=old)
        self._count += 1
        name = f"bench-{self._count}"
        self._client.create_bucket(Bucket=name)
        return name
