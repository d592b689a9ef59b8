"""A bucket of somebody's own, with keys of any form: what is read from and written to as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from datavc.errors import InvalidAddress
from datavc.store.backends.s3 import S3Backend
from datavc.store.backends.s3_errors import s3_error

#: Keys of one request to delete.
_DELETED = 500


class Bucket:
    """The objects of a bucket below a prefix. Thread-safe.

    Every method raises :class:`~datavc.errors.StoreUnavailable` when the bucket does not answer,
    and :class:`~datavc.errors.AccessDenied` when it does not allow that.
    """

    def __init__(self, store: S3Store) -> None:
        self._store = store

    def read(self, key: str) -> bytes:
        """A small object's content.

        Raises:
            NotFound: there is none.
        """
        try:
            return bytes(obstore.get(self._store, key).bytes())
        except (BaseError, OSError) as error:
            raise s3_error(error, f"reading {key!r}") from None

    def write(self, key: str, pieces: Iterator[bytes]) -> None:
        """Write an object, in parts where it is large; it is visible when it is complete."""
        try:
            obstore.put(self._store, key, pieces)
        except (BaseError, OSError) as error:
            raise s3_error(error, f"writing {key!r}") from None

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
    parts = urlsplit(address)
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
        raise InvalidAddress(f"{address!r} names no bucket", hint="use s3://bucket/prefix")
    return Bucket(S3Backend(parts.netloc, unquote(parts.path).strip("/")).plain_store)
