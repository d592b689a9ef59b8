"""Checksums that clients send with what they upload."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable
from typing import Protocol

from awscrt import checksums as crt

from datavc.store.backend import Buffer

_PREFIX = "x-amz-checksum-"
#: Headers that start so and are no checksum.
_OTHERS = ("algorithm", "mode", "type")


class Hasher(Protocol):
    """Takes in bytes."""

    def update(self, data: Buffer, /) -> None:
        """Take in *data*."""

    def digest(self) -> bytes:
        """The checksum of all that was taken in."""


class _Crc:
    """A cyclic checksum, big-endian."""

    def __init__(self, step: Callable[[Buffer, int], int], size: int) -> None:
        self._step = step
        self._size = size
        self._value = 0

    def update(self, data: Buffer, /) -> None:
        self._value = self._step(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size, "big")


_HASHERS: dict[str, Callable[[], Hasher]] = {
    "crc32": lambda: _Crc(zlib.crc32, 4),
    "crc32c": lambda: _Crc(crt.crc32c, 4),
    "crc64nvme": lambda: _Crc(crt.crc64nvme, 8),
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha256": hashlib.sha256,
}

ALGORITHMS = frozenset(_HASHERS)


def hasher_of(algorithm: str) -> Hasher | None:
    """A hasher of an algorithm, in lower case; ``None`` where it is not known."""
    make = _HASHERS.get(algorithm)
    return None if make is None else make()


def algorithm_of(header: str) -> str | None:
    """The algorithm whose checksum a header, in lower case, holds; ``None`` for other headers."""
    name = header.removeprefix(_PREFIX)
    return None if name == header or name in _OTHERS else name


def header_of(algorithm: str) -> str:
    """The header that holds the checksum of an algorithm."""
    return f"{_PREFIX}{algorithm}"


def in_base64(digest: bytes) -> str:
    """A checksum as it is sent."""
    return base64.b64encode(digest).decode("ascii")
