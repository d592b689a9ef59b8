"""Files that a listing has found, put in the order of their paths without holding them all."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO

import msgspec

from datavc.model.external import External

#: So many are held at once.
_RUN = 50_000
_LENGTH = 4


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file elsewhere, and the path it gets in the repo."""

    target: str
    external: External


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(FoundFile).decode


def in_order(files: Iterator[FoundFile], run_length: int = _RUN) -> Iterator[FoundFile]:
    """*files* sorted by target; those that are too many to be held wait in temporary files."""
    first = sorted(islice(files, run_length), key=_target)
    following = next(files, None)
    if following is None:
        yield from first
        return
    with tempfile.TemporaryFile(prefix="datavc-listing-") as spill:
        starts = [_write(spill, first)]
        run = [following]
        while run:
            run += islice(files, run_length - len(run))
            starts.append(_write(spill, sorted(run, key=_target)))
            run = list(islice(files, 1))
        ends = [*starts[1:], spill.seek(0, 2)]
        runs = [_read(spill, start, end) for start, end in zip(starts, ends, strict=True)]
        yield from heapq.merge(*runs, key=_target)


def _write(spill: IO[bytes], run: list[FoundFile]) -> int:
    start = spill.tell()
    for file in run:
        data = _encode(file)
        spill.write(len(data).to_bytes(_LENGTH, "little") + data)
    return start


def _read(spill: IO[bytes], start: int, end: int) -> Iterator[FoundFile]:
    """One run; several are read side by side, so each comes back to its own place."""
    position = start
    block = b""
    while True:
        size = int.from_bytes(block[:_LENGTH], "little") + _LENGTH
        if len(block) < _LENGTH or len(block) < size:
            if position >= end:
                return
            spill.seek(position)
            more = spill.read(min(64 * 1024, end - position))
            position += len(more)
            block += more
            continue
        yield _decode(block[_LENGTH:size])
        block = block[size:]


def _target(file: FoundFile) -> str:
    return file.target
