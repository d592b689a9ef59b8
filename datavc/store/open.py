"""From a store's address to a backend."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from datavc.errors import InvalidAddress
from datavc.store.backend import Backend
from datavc.store.backends.local import LocalBackend
from datavc.store.backends.memory import MemoryBackend


def open_backend(url: str, *, when_used: bool = False) -> Backend:
    """The backend at *url*: a folder, ``file:///folder``, ``s3://bucket/prefix`` or ``memory://``.

    S3 takes its credentials, region and endpoint from the usual ``AWS_*`` variables and files,
    creates the bucket if it is missing, and is wrapped to retry what trying again may cure.

    Args:
        url: see above.
        when_used: let S3 be opened by the first call that needs it, which may raise the same.

    Raises:
        InvalidAddress: the address is malformed or of an unknown scheme.
        StoreUnavailable: the folder or bucket cannot be reached or created.
        AccessDenied: the S3 credentials are missing or not allowed to.
    """
    if "://" not in url:
        if not url:
            raise InvalidAddress(
                "the store's address is empty", hint="give a folder or s3://bucket"
            )
        return LocalBackend(Path(url).expanduser())
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise InvalidAddress(
            f"store address {url!r} has a '?' or '#' part, which means nothing here"
        )
    if parts.scheme == "memory":
        return MemoryBackend()
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost") or not parts.path:
            raise InvalidAddress(
                f"store address {url!r} names no local folder", hint="file:///folder"
            )
        return LocalBackend(Path(unquote(parts.path)))
    if parts.scheme == "s3":
        return _open_s3(parts.netloc, unquote(parts.path).strip("/"), url, when_used=when_used)
    raise InvalidAddress(
        f"store address {url!r} has an unknown scheme",
        hint="use a folder, file://, s3:// or memory://",
    )


def _open_s3(bucket: str, prefix: str, url: str, *, when_used: bool) -> Backend:
    from datavc.store.backends.deferred import DeferredBackend

    if not bucket:
        raise InvalidAddress(
            f"store address {url!r} names no bucket", hint="use s3://bucket/prefix"
        )

    def opened() -> Backend:
        from datavc.store.backends.retry import RetryBackend
        from datavc.store.backends.s3 import S3Backend

        backend = S3Backend(bucket, prefix)
        backend.ensure_bucket()
        return RetryBackend(backend)

    return DeferredBackend(opened) if when_used else opened()
