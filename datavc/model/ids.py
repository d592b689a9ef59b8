"""Identifiers: content digests (BLAKE3-256) and time-ordered random ids."""

from __future__ import annotations

import os
import time

from blake3 import blake3

#: Length of a content digest in bytes.
DIGEST_SIZE = 32


def digest_of(data: bytes | bytearray | memoryview) -> bytes:
    """BLAKE3-256 of *data*, 32 bytes: the address of the content."""
    return blake3(data).digest()


def new_id() -> str:
    """A fresh id for a run, job or pack: 32 lower-case hex digits, ordered by creation time.

    Laid out as a version 7 UUID (RFC 9562, section 5.7) without the dashes.
    """
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (2**48 - 1)) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return f"{value:032x}"
