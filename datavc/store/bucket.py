"""A bucket of somebody's own, with keys of any form: what is read from and written to as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from datavc.errors import AccessDenied, DatavcError, NotFound
from datavc.model.source_uri import split_object
from datavc.store.backend import Buffer
from datavc.store.backends.s3 import S3Backend
from datavc.store.backends.s3_errors import s3_error
from datavc.store.bucket_object import BucketObject

try:
    import obstore
    from botocore.exceptions import BotoCoreError, ClientError
    from obstore.exceptions import BaseError
except ImportError:
    raise DatavcError(
        "buckets need packages that are not installed", hint='pip install "datavc[s3]"'
    ) from None

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult

#: Keys of one request to delete.
_DELETED = 500
_PIECE = 1024 * 1024


class Bucket:
    """The objects of a bucket below a prefix. Thread-safe.

    Every method raises :class:`~datavc.errors.StoreUnavailable` when the bucket does not answer,
    and :class:`~datavc.errors.AccessDenied` when it does not allow that.
    """

    def __init__(self, backend: S3Backend) -> None:
        self._backend = backend
        self._store = backend.plain_store

    def read(self, key: str) -> bytes:
        """A small object's content.

        Raises:
            NotFound: there is none.
        """
        try:
            return bytes(obstore.get(self._store, key).bytes())
        except (BaseError, OSError) as error:
            raise s3_error(error, f"reading {key!r}") from None

    def head(self, key: str, *, version: str = "") -> BucketObject:
        """An object, or a version of it, without its content.

        Raises:
            NotFound: there is none.
        """
        options = _options("", version)
        options["head"] = True
        return _info(key, self._get(key, options))

    def pieces(
        self, key: str, start: int, stop: int, *, etag: str = "", version: str = ""
    ) -> tuple[BucketObject, Iterator[Buffer]]:
        """An object, and its bytes from *start* up to *stop* (more than *start*), piece by piece.

        Raises:
            NotFound: there is none, or none of that ETag.
        """
        options = _options(etag, version)
        options["range"] = (start, stop)
        found = self._get(key, options)
        return _info(key, found), self._stream(key, found)

    def _get(self, key: str, options: GetOptions) -> GetResult:
        try:
            return obstore.get(self._store, key, options=options)
        except (BaseError, OSError) as error:
            if type(error).__name__ == "PreconditionError":
                raise NotFound(f"object {key!r} has another ETag") from None
            raise s3_error(error, f"reading {key!r}") from None

    def _stream(self, key: str, found: GetResult) -> Iterator[Buffer]:
        try:
            for piece in found.stream(min_chunk_size=_PIECE):
                yield memoryview(piece)
        except (BaseError, OSError) as error:
            raise s3_error(error, f"reading {key!r}") from None

    def list(self, prefix: str) -> Iterator[BucketObject]:
        """The objects whose key starts with *prefix*, a page at a time, in the server's order.

        Where the bucket keeps versions, the newest of each is told.
        """
        try:
            with closing(self._backend.client()) as client:
                if _keeps_versions(self._backend):
                    versions = client.get_paginator("list_object_versions")
                    for found in versions.paginate(Bucket=self._backend.bucket, Prefix=prefix):
                        for one in found.get("Versions", []):
                            if one["IsLatest"]:
                                version = _version(one["VersionId"])
                                yield BucketObject(one["Key"], one["Size"], one["ETag"], version)
                    return
                objects = client.get_paginator("list_objects_v2")
                for page in objects.paginate(Bucket=self._backend.bucket, Prefix=prefix):
                    for item in page.get("Contents", []):
                        yield BucketObject(item["Key"], item["Size"], item["ETag"])
        except (BotoCoreError, ClientError) as error:
            raise s3_error(error, f"listing bucket {self._backend.bucket!r}") from None

    def has_own_digest(self, key: str) -> bool:
        """Whether an object is encrypted so that its ETag is no digest of its content."""
        try:
            with closing(self._backend.client()) as client:
                found = client.head_object(Bucket=self._backend.bucket, Key=key)
        except (BotoCoreError, ClientError) as error:
            raise s3_error(error, f"looking for {key!r}") from None
        return "kms" in found.get("ServerSideEncryption", "") or "SSECustomerAlgorithm" in found

    def write(self, key: str, pieces: Iterator[Buffer]) -> None:
        """Write an object, in parts where it is large; it is visible when it is complete."""
        writer = self._backend.open_plain_writer(key)
        try:
            # Pieces are made in this thread: what makes them may use the same library.
            for piece in pieces:
                writer.write([piece])
            writer.close()
        except BaseException:
            writer.abort()
            raise

    def remove(self, keys: Sequence[str]) -> None:
        """Remove objects; those that are not there do not matter."""
        for start in range(0, len(keys), _DELETED):
            try:
                obstore.delete(self._store, list(keys[start : start + _DELETED]))
            except (BaseError, OSError) as error:
                raise s3_error(error, "removing objects") from None


def open_bucket(address: str) -> Bucket:
    """The bucket of ``s3://bucket/prefix``, which must be there.

    Raises:
        InvalidAddress: it is malformed.
        AccessDenied: there are no credentials.
    """
    bucket, prefix = split_object(address)
    return Bucket(S3Backend(bucket, prefix.strip("/")))


def _options(etag: str, version: str) -> GetOptions:
    # A version never changes, so it needs no condition.
    if version:
        return {"version": version}
    return {"if_match": etag} if etag else {}


def _info(key: str, found: GetResult) -> BucketObject:
    meta = found.meta
    return BucketObject(key, meta["size"], meta["e_tag"] or "", _version(meta["version"]))


def _version(text: str | None) -> str | None:
    # What was written before the bucket kept versions can be replaced.
    return None if text in (None, "", "null") else text


def _keeps_versions(backend: S3Backend) -> bool:
    try:
        with closing(backend.client()) as client:
            status = client.get_bucket_versioning(Bucket=backend.bucket).get("Status")
    except (BotoCoreError, ClientError) as error:
        # Who may only list and read pins by ETags.
        failure = s3_error(error, f"looking at bucket {backend.bucket!r}")
        if isinstance(failure, AccessDenied) or "NotImplemented" in str(error):
            return False
        raise failure from None
    return status is not None
