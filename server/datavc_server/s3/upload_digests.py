"""The digests of objects that come in parts, carried on as parts arrive.

The digest of the whole wants all bytes in order, and parts come several at once. So those that are
ahead of their turn wait here, in memory. Whatever is not seen here (parts that another server has
taken, or too many at once) is read from the store when the object is completed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from blake3 import blake3

#: Bytes of all parts that wait or are on their way.
_ROOM = 128 * 1024 * 1024
#: Uploads that are remembered.
_REMEMBERED = 1000

#: Number and digest of a part.
Part = tuple[int, bytes]


class _Source(Protocol):
    def fill(self, view: memoryview) -> int:
        """See :class:`~datavc.store.content_source.Source`."""


class KeptSource:
    """A source whose content is kept as it passes, in a buffer that is just large enough."""

    def __init__(self, source: _Source, content: bytearray) -> None:
        self._source = source
        self._content = memoryview(content)

    def fill(self, view: memoryview) -> int:
        """See :class:`~datavc.store.content_source.Source`."""
        filled = self._source.fill(view)
        count = min(filled, len(self._content))
        self._content[:count] = view[:count]
        self._content = self._content[count:]
        return filled


@dataclass(slots=True)
class _Upload:
    whole: blake3 = field(default_factory=blake3)
    #: What it has taken in.
    parts: list[Part] = field(default_factory=list)
    #: Parts ahead of their turn, by number.
    waiting: dict[int, tuple[bytes, bytearray]] = field(default_factory=dict)
    #: Whether it takes in no more.
    is_over: bool = False


class UploadDigests:
    """The uploads of one gateway. Safe to share between threads."""

    def __init__(self, room: int = _ROOM) -> None:
        self._lock = threading.Lock()
        self._left = room
        self._uploads: OrderedDict[str, _Upload] = OrderedDict()

    def reserve(self, upload_id: str, size: int) -> bytearray | None:
        """A buffer for a part of *size* bytes, to be given to :meth:`add` or :meth:`give_back`.

        ``None`` where there is no room, or where it would be of no use.
        """
        with self._lock:
            upload = self._uploads.setdefault(upload_id, _Upload())
            self._uploads.move_to_end(upload_id)
            while len(self._uploads) > _REMEMBERED:
                self._end(self._uploads.popitem(last=False)[1])
            for other in self._uploads.values():
                if size <= self._left or other is upload:
                    break
                # Whoever has not been heard of for the longest time may never go on.
                self._end(other)
            if upload.is_over or size > self._left:
                self._end(upload)
                return None
            self._left -= size
        return bytearray(size)

    def give_back(self, content: bytearray) -> None:
        """Let go of a buffer whose part did not come."""
        with self._lock:
            self._left += len(content)

    def add(self, upload_id: str, number: int, digest: bytes, content: bytearray) -> None:
        """Take in a part that is stored."""
        with self._lock:
            upload = self._uploads.get(upload_id)
            if upload is None or upload.is_over:
                self._left += len(content)
            elif number in upload.waiting or _is_past(upload, number):
                # It came once more, and may be another one by now: what is known of it is not said
                # to be of the part that counts.
                self._left += len(content)
                self._end(upload)
            else:
                upload.waiting[number] = digest, content
                self._carry_on(upload)

    def take(self, upload_id: str, parts: Sequence[Part]) -> tuple[blake3, int]:
        """The digest of the first of *parts*, and how many of them it has taken in.

        The upload is forgotten.
        """
        with self._lock:
            upload = self._uploads.pop(upload_id, None)
            if upload is None:
                return blake3(), 0
            self._end(upload)
        if upload.parts != list(parts[: len(upload.parts)]):
            return blake3(), 0
        return upload.whole, len(upload.parts)

    def forget(self, upload_id: str) -> None:
        """Forget an upload that is over."""
        self.take(upload_id, ())

    def _carry_on(self, upload: _Upload) -> None:
        following = upload.parts[-1][0] + 1 if upload.parts else 1
        while (found := upload.waiting.pop(following, None)) is not None:
            digest, content = found
            upload.whole.update(content)
            upload.parts.append((following, digest))
            self._left += len(content)
            following += 1

    def _end(self, upload: _Upload) -> None:
        """Let an upload take in no more; what it has is good all the same."""
        upload.is_over = True
        self._left += sum(len(content) for _, content in upload.waiting.values())
        upload.waiting.clear()


def _is_past(upload: _Upload, number: int) -> bool:
    return bool(upload.parts) and number <= upload.parts[-1][0]
