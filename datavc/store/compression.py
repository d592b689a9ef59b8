"""zstd where it helps, and next to no time spent where it does not."""

from __future__ import annotations

import threading
from enum import IntEnum
from typing import TYPE_CHECKING

import zstandard

from datavc.errors import DataCorrupt

if TYPE_CHECKING:
    from datavc.store.backend import Buffer

#: zstd's fastest ordinary level: about four times the speed of level 3 on text, at a like ratio.
LEVEL = 1
#: Smaller payloads are stored as they are: a frame's overhead eats what is won.
MIN_SIZE = 128
#: So many bytes from the middle of a payload are tried before all of it is compressed.
PROBE_SIZE = 16 * 1024
#: After so many payloads in a row that did not shrink ...
PATIENCE = 16
#: ... only one payload in so many is tried.
SAMPLE_EVERY = 32


class Codec(IntEnum):
    """How a payload is stored. Numbers are part of the format and are only ever added."""

    RAW = 0
    ZSTD = 1


class Compressor:
    """Decides, payload by payload, whether to compress. One thread at a time.

    Data that does not shrink usually comes in long runs (images, archives, model weights), so
    after a run of failures only a sample is tried until something shrinks again.
    """

    def __init__(self) -> None:
        self._zstd = zstandard.ZstdCompressor(level=LEVEL)
        self._failures = 0

    def shrink(self, data: Buffer) -> tuple[Codec, Buffer]:
        """*data* compressed if that saves at least a sixteenth, else as it is."""
        size = len(data)
        if size < MIN_SIZE:
            return Codec.RAW, data
        if self._failures >= PATIENCE and self._failures % SAMPLE_EVERY:
            self._failures += 1
            return Codec.RAW, data
        if size > 2 * PROBE_SIZE:
            middle = (size - PROBE_SIZE) // 2
            probe = memoryview(data)[middle : middle + PROBE_SIZE]
            if not _pays(len(self._zstd.compress(probe)), PROBE_SIZE):
                self._failures += 1
                return Codec.RAW, data
        packed = self._zstd.compress(data)
        if not _pays(len(packed), size):
            self._failures += 1
            return Codec.RAW, data
        self._failures = 0
        return Codec.ZSTD, packed


def _pays(packed: int, size: int) -> bool:
    return packed <= size - (size >> 4)


class _PerThread(threading.local):
    """A decompressor for each thread: one is not safe to share."""

    def __init__(self) -> None:
        self.zstd = zstandard.ZstdDecompressor()


_decompressors = _PerThread()


def decompress(data: Buffer, size: int, place: str) -> bytes:
    """The *size* plain bytes of a zstd frame; *place* says in an error where it lies.

    Raises:
        DataCorrupt: it is not such a frame.
    """
    try:
        frame = zstandard.get_frame_parameters(data)
        if frame.content_size != size:
            raise DataCorrupt(f"the zstd frame {place} has the wrong size")
        return _decompressors.zstd.decompress(data, max_output_size=size)
    except zstandard.ZstdError as error:
        raise DataCorrupt(f"the zstd frame {place} is damaged: {error}") from None
