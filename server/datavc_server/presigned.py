"""URLs by which clients read packs from S3, and write new ones, without the bytes passing here.

Packs are written in parts, and only the server completes an upload. So a URL that is still valid
after that changes nothing any more, and a pack that is known cannot be replaced.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from datavc.errors import DatavcError, NotFound
from datavc.store.key import pack_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

#: Seconds for which a URL holds.
URL_SECONDS = 900
#: Bytes of every part of a pack but the last.
PART_SIZE = 8 * 1024 * 1024
#: S3 takes at most so many parts.
MAX_PARTS = 10_000
_PROBE = "datavc-probe"


class Presigner:
    """Makes URLs for the packs of one ``s3://bucket/prefix``. Safe to share between threads.

    Raises:
        DatavcError: the packages for S3 are not installed, or the configuration is malformed.
    """

    def __init__(self, store: str) -> None:
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError
        except ImportError:
            raise DatavcError(
                "S3 needs packages that are not installed", hint='pip install "datavc[s3]"'
            ) from None
        parts = urlsplit(store)
        self._bucket = parts.netloc
        self._prefix = unquote(parts.path).strip("/")
        has_endpoint = bool(
            os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        )
        session = boto3.Session()
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if has_endpoint else "virtual"},
        )
        try:
            self._client: S3Client = session.client(
                "s3", region_name=session.region_name or "us-east-1", config=config
            )
        except (BotoCoreError, ValueError) as error:
            raise DatavcError(f"S3 is misconfigured: {error}") from None

    def probe_url(self) -> str:
        """A URL of an object that is not there: any client that reaches S3 is told so."""
        return self._sign("get_object", _PROBE)

    def read_url(self, pack: bytes) -> str:
        """A URL to read a pack, or ranges of it."""
        return self._sign("get_object", pack_key(pack))

    def begin(self, pack: bytes) -> str:
        """Begin an upload; its id.

        Raises:
            AccessDenied, OutOfSpace, StoreUnavailable: S3 refuses, or does not answer.
        """
        with _translated(f"beginning pack {pack.hex()}"):
            made = self._client.create_multipart_upload(Bucket=self._bucket, Key=self._key(pack))
        return made["UploadId"]

    def part_urls(self, pack: bytes, upload: str, first: int, count: int) -> list[str]:
        """URLs to write *count* parts to, from the number *first* on."""
        return [
            self._sign("upload_part", pack_key(pack), UploadId=upload, PartNumber=number)
            for number in range(first, first + count)
        ]

    def complete(self, pack: bytes, upload: str, tags: Sequence[str]) -> None:
        """Make the pack out of its parts, given the tag that S3 gave for each.

        Raises:
            NotFound: there is no such upload, or no more.
            AccessDenied, OutOfSpace, StoreUnavailable: S3 refuses, or does not answer.
        """
        with _translated(f"completing pack {pack.hex()}"):
            self._client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=self._key(pack),
                UploadId=upload,
                MultipartUpload={
                    "Parts": [
                        {"ETag": tag, "PartNumber": number} for number, tag in enumerate(tags, 1)
                    ]
                },
            )

    def is_open(self, pack: bytes, upload: str) -> bool:
        """Whether an upload was begun, and neither completed nor dropped.

        Raises:
            AccessDenied, StoreUnavailable: S3 refuses, or does not answer.
        """
        try:
            with _translated(f"looking for the upload of pack {pack.hex()}"):
                self._client.list_parts(
                    Bucket=self._bucket, Key=self._key(pack), UploadId=upload, MaxParts=1
                )
        except NotFound:
            return False
        return True

    def abort(self, pack: bytes, upload: str) -> None:
        """Drop an upload and its parts.

        Raises:
            AccessDenied, StoreUnavailable: S3 refuses, or does not answer.
        """
        with _translated(f"dropping pack {pack.hex()}"):
            self._client.abort_multipart_upload(
                Bucket=self._bucket, Key=self._key(pack), UploadId=upload
            )

    def _key(self, pack: bytes) -> str:
        return self._full(pack_key(pack))

    def _full(self, key: str) -> str:
        return f"{self._prefix}/{key}" if self._prefix else key

    def _sign(self, method: str, key: str, **parameters: str | int) -> str:
        with _translated(f"signing a URL for {key!r}"):
            return self._client.generate_presigned_url(
                method,
                Params={"Bucket": self._bucket, "Key": self._full(key), **parameters},
                ExpiresIn=URL_SECONDS,
            )


@contextlib.contextmanager
def _translated(doing: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    from datavc.store.backends.s3_errors import s3_error

    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "NoSuchUpload":
            raise NotFound(f"no such upload while {doing}") from None
        raise s3_error(error, doing) from None
    except BotoCoreError as error:
        raise s3_error(error, doing) from None
