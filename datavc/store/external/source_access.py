"""Reading external files: with this process's own rights, or only where it was opened to."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from datavc.errors import NotFound, SourceUnreadable, StoreUnavailable
from datavc.model.external import External, Pin
from datavc.model.source_uri import scheme_of, split_object
from datavc.store.backend import Buffer
from datavc.store.bucket_object import BucketObject
from datavc.store.external.address_guard import OpenedGuard, refused
from datavc.store.external.allowed_prefixes import AllowedPrefixes
from datavc.store.external.local_file import read_local
from datavc.store.external.problem import changed, differs, gone

if TYPE_CHECKING:
    from datavc.store.bucket import Bucket
    from datavc.store.external.web_client import WebClient


#: A request to a bucket that brings nothing is made so often, with growing pauses in seconds.
_ATTEMPTS = 4
_FIRST_PAUSE = 0.2


class SourceAccess:
    """Reads what external files stand for. Safe to share between threads.

    Credentials are those that this process finds in its environment.

    Args:
        allowed: read nothing but what lies below these prefixes; ``None`` reads whatever this
            process can, which is right where it works for the person who runs it alone.

    Raises:
        InvalidInput: a prefix is malformed.
    """

    def __init__(self, allowed: Sequence[str] | None = None) -> None:
        self._allowed = None if allowed is None else AllowedPrefixes(allowed)
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}
        self._web_client: WebClient | None = None

    def may_read(self, uri: str) -> bool:
        """Whether a source may be read here at all."""
        return self._allowed is None or self._allowed.allows(uri)

    def read(
        self, external: External, offset: int = 0, length: int | None = None
    ) -> Generator[Buffer]:
        """The bytes ``[offset, offset + length)`` of the version that was imported.

        Cut off at its end; to the end when *length* is ``None``.

        Raises:
            SourceChanged: the source is gone, or is another version.
            AccessDenied: it may not be read, by this process or at all.
            SourceUnreadable, StoreUnavailable: it cannot be read for now.
        """
        if not self.may_read(external.uri):
            raise refused(external.uri)
        stop = external.size if length is None else min(external.size, offset + length)
        if offset >= stop and length is not None:
            return
        scheme = scheme_of(external.uri)
        if scheme == "file":
            allows = None if self._allowed is None else self._allowed.allows_path
            yield from read_local(external, offset, stop, allows)
        elif scheme == "s3":
            yield from self._read_object(external, offset, stop)
        else:
            yield from self._read_web(external, offset, stop)

    def check(self, external: External) -> None:
        """Make sure that the source is there as it was imported, without reading it.

        Raises:
            SourceChanged, AccessDenied, SourceUnreadable, StoreUnavailable: as :meth:`read`.
        """
        # The first byte: a source may be listed and yet not be readable.
        with closing(self.read(external, 0, 1 if external.size else None)) as pieces:
            next(pieces, None)

    def bucket(self, name: str) -> Bucket:
        """The bucket of that name, with keys as they are.

        Raises:
            AccessDenied: there are no credentials.
            DatavcError: the packages for S3 are not installed.
        """
        from datavc.store.bucket import open_bucket

        with self._lock:
            found = self._buckets.get(name)
            if found is None:
                found = self._buckets[name] = open_bucket(f"s3://{name}")
            return found

    def web_client(self) -> WebClient:
        """What makes requests to web servers."""
        from datavc.store.external.web_client import WebClient

        with self._lock:
            if self._web_client is None:
                guard = None if self._allowed is None else OpenedGuard(self._allowed)
                self._web_client = WebClient(guard)
            return self._web_client

    def close(self) -> None:
        """Let go of connections. Safe to call more than once; what is read later opens anew."""
        with self._lock:
            client, self._web_client = self._web_client, None
            self._buckets = {}
        if client is not None:
            client.close()

    def _read_object(self, external: External, start: int, stop: int) -> Iterator[Buffer]:
        name, key = split_object(external.uri)
        bucket = self.bucket(name)
        if start >= stop:
            try:
                found = bucket.head(key, version=external.pin(Pin.VERSION) or "")
            except NotFound:
                raise self._why_not(external, bucket, key) from None
            _check_object(external, found)
            return
        position = start
        failures = 0
        while position < stop:
            try:
                for piece in self._object_pieces(external, bucket, key, position, stop):
                    position += len(piece)
                    failures = 0
                    yield piece
                if position < stop:
                    raise StoreUnavailable(f"{external.uri} ended at byte {position}, not {stop}")
            except StoreUnavailable:
                # The version is pinned, so what is missing can be asked for.
                failures += 1
                if failures >= _ATTEMPTS:
                    raise
                time.sleep(_FIRST_PAUSE * 2**failures * random.uniform(0.5, 1))  # noqa: S311

    def _object_pieces(
        self, external: External, bucket: Bucket, key: str, start: int, stop: int
    ) -> Iterator[Buffer]:
        etag, version = external.pin(Pin.ETAG) or "", external.pin(Pin.VERSION) or ""
        try:
            info, pieces = bucket.pieces(key, start, stop, etag=etag, version=version)
        except NotFound:
            raise self._why_not(external, bucket, key) from None
        _check_object(external, info)
        yield from pieces

    def _why_not(self, external: External, bucket: Bucket, key: str) -> SourceUnreadable:
        if external.pin(Pin.VERSION):
            return changed(external.uri, f"has no version {external.pin(Pin.VERSION)} any more")
        try:
            found = bucket.head(key)
        except NotFound:
            return gone(external.uri)
        return differs(external.uri, "ETag", found.etag, external.pin(Pin.ETAG))

    def _read_web(self, external: External, start: int, stop: int) -> Iterator[Buffer]:
        from datavc.store.external.web_body import WebBody

        body = WebBody(self.web_client(), external.uri, external)
        is_whole = start == 0 and stop == external.size
        yield from body.pieces(start, None if is_whole else stop - start)


def _check_object(external: External, found: BucketObject) -> None:
    etag, version = external.pin(Pin.ETAG), external.pin(Pin.VERSION)
    if version is not None and found.version is not None and found.version != version:
        raise differs(external.uri, "version", found.version, version)
    if etag is not None and found.etag != etag:
        raise differs(external.uri, "ETag", found.etag, etag)
    if found.size != external.size:
        raise differs(external.uri, "size", found.size, external.size)
