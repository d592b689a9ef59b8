"""What a transform prints, as it is kept: bounded, each piece with its stream and its time.

The kept form is pieces end to end: stream (1 byte), microseconds since the epoch (8 bytes),
length (4 bytes), all big-endian, then the bytes as they were printed.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from enum import IntEnum

_PIECE = struct.Struct(">BQI")


class LogStream(IntEnum):
    """Where a piece of a log came from."""

    STDOUT = 1
    STDERR = 2
    ENGINE = 3


class DatumLog:
    """Collects the log of one datum over all its tries; one thread writes.

    Args:
        limit: bytes of printed text that are kept; the rest is counted and dropped.
    """

    def __init__(self, limit: int) -> None:
        self._room = limit
        self._dropped = 0
        self._pieces = bytearray()

    def write(self, stream: LogStream, data: bytes) -> None:
        """Add what the transform printed."""
        kept = data[: self._room]
        self._room -= len(kept)
        self._dropped += len(data) - len(kept)
        if kept:
            self._add(stream, kept)

    def note(self, text: str) -> None:
        """Add a line of the engine's own; it is kept whatever the limit."""
        self._add(LogStream.ENGINE, text.encode() + b"\n")

    def encoded(self) -> bytes:
        """All that was kept, ending in a line that says what was dropped; ``b""`` for nothing."""
        if self._dropped:
            self.note(f"{self._dropped} more bytes were printed, and not kept")
            self._dropped = 0
        return bytes(self._pieces)

    def since(self, start: int, limit: int) -> bytes:
        """What was kept so far from its byte *start* on, at most *limit* bytes; any thread may ask.

        Parts of it that follow one another are the same bytes that :meth:`encoded` gives.
        """
        return bytes(self._pieces[start : start + limit])

    def _add(self, stream: LogStream, data: bytes) -> None:
        # At once, so that who asks in between never sees half of it.
        self._pieces += _PIECE.pack(stream, time.time_ns() // 1000, len(data)) + data


class LogDecoder:
    """Reads a kept log, part by part, line by line: stream, time of its first piece, and text.

    Bytes that are not UTF-8 come out as U+FFFD.
    """

    def __init__(self) -> None:
        self._held = b""
        self._open: dict[LogStream, tuple[int, bytes]] = {}

    def feed(self, data: bytes) -> Iterator[tuple[LogStream, int, str]]:
        """The lines that the next part completes."""
        data = self._held + data
        offset = 0
        while offset + _PIECE.size <= len(data):
            kind, time_us, length = _PIECE.unpack_from(data, offset)
            if offset + _PIECE.size + length > len(data):
                break
            offset += _PIECE.size
            stream = LogStream(kind)
            started, before = self._open.pop(stream, (time_us, b""))
            *lines, rest = (before + data[offset : offset + length]).split(b"\n")
            offset += length
            for line in lines:
                yield stream, started, _text(line)
                started = time_us
            if rest:
                self._open[stream] = (started, rest)
        self._held = data[offset:]

    def end(self) -> Iterator[tuple[LogStream, int, str]]:
        """The lines that have no end."""
        for stream, (started, rest) in self._open.items():
            yield stream, started, _text(rest)
        self._open.clear()


def decode_log(data: bytes) -> Iterator[tuple[LogStream, int, str]]:
    """The lines of a whole log."""
    decoder = LogDecoder()
    yield from decoder.feed(data)
    yield from decoder.end()


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").removesuffix("\r")
