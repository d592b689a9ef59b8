"""Access keys of the S3 gateway."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class S3KeyInfo:
    """An access key without its secret, which is shown once, when it is made."""

    #: The access key id.
    id: str
    #: Who is written down for what is done with it.
    account: str
    #: Whether it opens nothing for writing.
    read_only: bool
    created_us: int


@dataclass(frozen=True, slots=True)
class NewS3Key:
    """An access key as it is made: the only time that its secret is told."""

    #: The access key id.
    id: str
    #: The secret access key.
    secret: str = field(repr=False)
    #: Who is written down for what is done with it.
    account: str
    #: Whether it opens nothing for writing.
    read_only: bool
    created_us: int
