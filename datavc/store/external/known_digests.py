"""Digests of the contents of external files, remembered from when they were read.

A file of pairs (digest of the description, digest of the content), 64 bytes each, to which is
only ever appended. It is a hint: losing it costs reading a source again.
"""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

from datavc.model.ids import DIGEST_SIZE

_PAIR = 2 * DIGEST_SIZE


class KnownDigests:
    """What external files were found to hold. Safe to share between threads and processes.

    Args:
        path: the file; without one, it is forgotten with this object.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known: dict[bytes, bytes] | None = None

    def find(self, description: bytes) -> bytes | None:
        """The content's digest, by that of the description."""
        with self._lock:
            return self._read().get(description)

    def add(self, description: bytes, content: bytes) -> None:
        """Remember what a source was found to hold."""
        with self._lock:
            known = self._read()
            if known.get(description) == content:
                return
            known[description] = content
            if self._path is not None:
                with contextlib.suppress(OSError):
                    self._path.parent.mkdir(parents=True, exist_ok=True)
                    with self._path.open("ab", buffering=0) as file:
                        file.write(description + content)

    def _read(self) -> dict[bytes, bytes]:
        if self._known is None:
            data = b""
            if self._path is not None:
                with contextlib.suppress(OSError):
                    data = self._path.read_bytes()
            self._known = {
                data[at : at + DIGEST_SIZE]: data[at + DIGEST_SIZE : at + _PAIR]
                for at in range(0, len(data) - _PAIR + 1, _PAIR)
            }
        return self._known
