"""Objects in a bucket of S3 or of a server that speaks its protocol.

obstore moves the bytes; boto3 does what obstore has no verb for: creating the bucket, and
dropping the parts of an upload that was given up.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datavc.errors import (
    AccessDenied,
    DataCorrupt,
    DatavcError,
    InvalidAddress,
    NotFound,
    StoreUnavailable,
)
from datavc.store.backend import Buffer, ObjectInfo, ObjectWriter
from datavc.store.backends.s3_errors import is_past_end, s3_error
from datavc.store.key import check_key

try:
    import boto3
    import obstore
    from botocore.config import Config
    from botocore.credentials import RefreshableCredentials
    from botocore.exceptions import BotoCoreError, ClientError
    from obstore.auth.boto3 import Boto3CredentialProvider
    from obstore.exceptions import BaseError
    from obstore.store import S3Store
except ImportError:
    raise DatavcError(
        "storing in S3 needs packages that are not installed", hint='pip install "datavc[s3]"'
    ) from None

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from obstore import WritableFile
    from obstore.store import ClientConfig, S3Config

#: An object is uploaded in parts of so many bytes ...
PART_SIZE = 8 * 1024 * 1024
#: ... of which so many are on their way at once.
PARTS_IN_FLIGHT = 4
#: So often a request is repeated before it counts as failed.
REQUEST_RETRIES = 3
#: A server that takes no connection, or sends nothing of what is read, for so long counts as away.
CONNECT_TIMEOUT = timedelta(seconds=10)
READ_TIMEOUT = timedelta(seconds=30)
#: Any request is over by then; a part is sent across a slow line for long.
REQUEST_TIMEOUT = timedelta(minutes=5)

_DEFAULT_REGION = "us-east-1"
#: No object is called so.
_NO_KEY = "datavc-probe"


class S3Backend:
    """A backend in *bucket*, below *prefix*.

    Args:
        bucket: the bucket's name.
        prefix: put before every key.
        endpoint: URL of the server; from ``AWS_ENDPOINT_URL_S3`` or ``AWS_ENDPOINT_URL`` by
            default, else Amazon's own. With an endpoint, buckets are addressed in the path.
        access_key: with *secret_key*, the credentials; by default they come from where the AWS
            tools look for them.
        secret_key: see *access_key*.
        region: from the AWS configuration by default, else ``us-east-1``.

    Raises:
        AccessDenied: there are no credentials.
        InvalidAddress: the endpoint or the AWS configuration is malformed.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        endpoint: str | None = None,
        access_key: str | None = None,
        secret_key: str | None = None,
        region: str | None = None,
    ) -> None:
        self.bucket = bucket
        self.prefix = prefix.strip("/")
        self.endpoint = (
            endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        )
        try:
            self._session = boto3.Session(
                aws_access_key_id=access_key, aws_secret_access_key=secret_key, region_name=region
            )
            self.region = self._session.region_name or _DEFAULT_REGION
            _check_endpoint(self.endpoint)
            self._store = self._open_store(read_timeout=READ_TIMEOUT)
            # Sending counts as waiting for the answer, so here it would limit what is sent.
            self._uploads = self._open_store(read_timeout=None)
        except (BotoCoreError, BaseError, ValueError) as error:
            raise _misconfigured(bucket, error) from None

    @property
    def plain_store(self) -> S3Store:
        """The bucket below the prefix, for keys of any form."""
        return self._store

    def ensure_bucket(self) -> None:
        """Create the bucket unless it is there.

        Raises:
            AccessDenied, StoreUnavailable: the server does not let us, or does not answer.
        """
        if self._is_there():
            return
        client = self.client()
        try:
            with contextlib.suppress(ClientError):
                client.head_bucket(Bucket=self.bucket)
                return
            if self.endpoint is None and self.region != _DEFAULT_REGION:
                client.create_bucket(
                    Bucket=self.bucket,
                    CreateBucketConfiguration={"LocationConstraint": self.region},  # type: ignore[typeddict-item]
                )
            else:
                client.create_bucket(Bucket=self.bucket)
        except (client.exceptions.BucketAlreadyOwnedByYou, client.exceptions.BucketAlreadyExists):
            return
        except (BotoCoreError, ClientError) as error:
            raise s3_error(error, f"creating bucket {self.bucket!r}") from None

    def open_writer(self, key: str) -> ObjectWriter:
        """See :class:`~datavc.store.backend.Backend`."""
        return self.open_plain_writer(check_key(key))

    def open_plain_writer(self, key: str) -> ObjectWriter:
        """As :meth:`open_writer`, for a key of any form."""
        return _S3Writer(self, key)

    def put(self, key: str, data: Buffer) -> None:
        """See :class:`~datavc.store.backend.Backend`."""
        check_key(key)
        try:
            obstore.put(self._uploads, key, data, use_multipart=False)
        except (BaseError, OSError) as error:
            raise s3_error(error, f"writing {key!r}") from None

    def get(self, key: str, offset: int = 0, length: int | None = None) -> Buffer:
        """See :class:`~datavc.store.backend.Backend`."""
        check_key(key)
        if length == 0:
            data: Buffer = b""
            if self.size(key) < offset:
                raise _ends_early(key, offset)
            return data
        try:
            if length is not None:
                data = memoryview(obstore.get_range(self._store, key, start=offset, length=length))
            elif offset:
                rest = obstore.get(self._store, key, options={"range": {"offset": offset}})
                data = memoryview(rest.bytes())
            else:
                data = memoryview(obstore.get(self._store, key).bytes())
        except (BaseError, OSError) as error:
            if not is_past_end(error):
                raise s3_error(error, f"reading {key!r}") from None
            if length is not None or self.size(key) != offset:
                raise _ends_early(key, offset) from None
            return b""
        if length is not None and len(data) != length:
            if self.size(key) >= offset + length:
                raise StoreUnavailable(
                    f"the S3 server's answer was cut short while reading {key!r}",
                    hint="check the network and what stands between",
                )
            raise _ends_early(key, offset + length)
        return data

    def size(self, key: str) -> int:
        """See :class:`~datavc.store.backend.Backend`."""
        check_key(key)
        try:
            return obstore.head(self._store, key)["size"]
        except (BaseError, OSError) as error:
            raise s3_error(error, f"looking for {key!r}") from None

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """See :class:`~datavc.store.backend.Backend`."""
        # The server can only list whole folders.
        folder = prefix.rpartition("/")[0]
        try:
            for batch in obstore.list(self._store, folder or None):
                for found in batch:
                    if found["path"].startswith(prefix):
                        yield ObjectInfo(
                            found["path"], found["size"], found["last_modified"].timestamp()
                        )
        except (BaseError, OSError) as error:
            raise s3_error(error, f"listing bucket {self.bucket!r}") from None

    def delete(self, key: str) -> None:
        """See :class:`~datavc.store.backend.Backend`."""
        check_key(key)
        try:
            obstore.delete(self._store, key)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise s3_error(error, f"deleting {key!r}") from None

    def _is_there(self) -> bool:
        """Whether the bucket is known to be there.

        Asked by obstore: to make a client of boto3 takes longer than most commands do.
        """
        try:
            self.get(_NO_KEY)
        except NotFound:
            return True
        except DatavcError:
            return False
        return True

    def _start_upload(self, key: str) -> WritableFile:
        return obstore.open_writer(
            self._uploads, key, buffer_size=PART_SIZE, max_concurrency=PARTS_IN_FLIGHT
        )

    def _drop_upload(self, key: str) -> None:
        """Free the parts of an upload that was not completed."""
        full_key = f"{self.prefix}/{key}" if self.prefix else key
        with contextlib.suppress(BotoCoreError, ClientError, InvalidAddress):
            client = self.client()
            pending = client.list_multipart_uploads(Bucket=self.bucket, Prefix=full_key)
            for upload in pending.get("Uploads", []):
                client.abort_multipart_upload(
                    Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                )

    def _open_store(self, *, read_timeout: timedelta | None) -> S3Store:
        credentials = self._session.get_credentials()
        if credentials is None:
            raise AccessDenied(
                f"there are no credentials for bucket {self.bucket!r}",
                hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            )
        config: S3Config = {
            "region": self.region,
            "virtual_hosted_style_request": self.endpoint is None,
        }
        if self.endpoint:
            config["endpoint"] = self.endpoint
        options: ClientConfig = {
            "allow_http": bool(self.endpoint and self.endpoint.startswith("http://")),
            "connect_timeout": CONNECT_TIMEOUT,
            "timeout": REQUEST_TIMEOUT,
        }
        if read_timeout is not None:
            options["read_timeout"] = read_timeout
        provider = None
        if isinstance(credentials, RefreshableCredentials):
            provider = Boto3CredentialProvider(self._session)
        else:
            config["access_key_id"] = credentials.access_key
            config["secret_access_key"] = credentials.secret_key
            if credentials.token:
                config["session_token"] = credentials.token
        return S3Store(
            self.bucket,
            prefix=self.prefix or None,
            config=config,
            client_options=options,
            retry_config={"max_retries": REQUEST_RETRIES, "retry_timeout": timedelta(seconds=60)},
            credential_provider=provider,
        )

    def client(self) -> S3Client:
        """A client for what obstore has no verb for.

        Raises:
            InvalidAddress: the endpoint or the AWS configuration is malformed.
        """
        try:
            return self._session.client(
                "s3",
                endpoint_url=self.endpoint,
                region_name=self.region,
                config=Config(
                    connect_timeout=CONNECT_TIMEOUT.total_seconds(),
                    read_timeout=READ_TIMEOUT.total_seconds(),
                    retries={"total_max_attempts": REQUEST_RETRIES + 1, "mode": "standard"},
                ),
            )
        except (BotoCoreError, ValueError) as error:
            raise _misconfigured(self.bucket, error) from None


class _S3Writer:
    """An upload in parts; a small object is sent in one piece.

    obstore keeps hold of the buffers it is given, so pieces are copied into parts of our own.
    """

    def __init__(self, backend: S3Backend, key: str) -> None:
        self._backend = backend
        self._key = key
        self._part = bytearray()
        self._upload: WritableFile | None = backend._start_upload(key)
        self._sent = 0

    def write(self, pieces: list[Buffer]) -> None:
        for piece in pieces:
            self._part += piece
            if len(self._part) >= PART_SIZE:
                self._send()

    def close(self) -> None:
        if self._upload is None:
            raise RuntimeError("the writer is closed")
        self._send()
        try:
            self._upload.close()
        except (BaseError, OSError) as error:
            raise s3_error(error, f"completing {self._key!r}") from None
        self._upload = None

    def abort(self) -> None:
        if self._upload is not None:
            self._upload = None
            self._part = bytearray()
            if self._sent >= PART_SIZE:
                self._backend._drop_upload(self._key)

    def _send(self) -> None:
        if self._upload is None:
            raise RuntimeError("the writer is closed")
        part, self._part = self._part, bytearray()
        if not part:
            return
        self._sent += len(part)
        try:
            self._upload.write(part)
        except (BaseError, OSError) as error:
            raise s3_error(error, f"writing {self._key!r}") from None


def _check_endpoint(endpoint: str | None) -> None:
    """obstore does not survive one that is malformed."""
    parts = urlsplit(endpoint or "https://")
    if parts.scheme not in ("http", "https") or (endpoint and not parts.hostname):
        raise ValueError(f"{endpoint!r} is no endpoint")


def _misconfigured(bucket: str, error: Exception) -> InvalidAddress:
    reason = str(error).split("\n", 1)[0]
    return InvalidAddress(
        f"bucket {bucket!r} cannot be opened: {reason}",
        hint="check the AWS_* variables, the AWS configuration files and the endpoint",
    )


def _ends_early(key: str, wanted: int) -> DataCorrupt:
    return DataCorrupt(f"object {key!r} ends before {wanted}")
