"""The digest of a local file's content, as entries have it."""

from __future__ import annotations

import re
from pathlib import Path

from blake3 import blake3

from datavc.errors import SourceUnreadable

_DIGEST = re.compile("[0-9a-f]{64}")


def is_digest(text: str) -> bool:
    """Whether *text* is a digest in hex."""
    return _DIGEST.fullmatch(text) is not None


def digest_of_file(path: Path) -> bytes:
    """The digest of a file's content.

    Raises:
        SourceUnreadable: it cannot be read.
    """
    hasher = blake3(max_threads=blake3.AUTO)
    try:
        hasher.update_mmap(path)
    except OSError as error:
        raise SourceUnreadable(f"{str(path)!r} cannot be read: {error.strerror}") from None
    return hasher.digest()
