"""An object of a bucket as a listing tells it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BucketObject:
    """Where it is, and which version of it."""

    key: str
    size: int
    #: With its quotes.
    etag: str
    #: Where the bucket keeps versions, and this object has one.
    version: str | None = None
