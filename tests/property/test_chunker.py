"""Cutting piece by piece gives what cutting all at once gives, and changes stay local."""

from __future__ import annotations

import io
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from datavc.model.ids import digest_of
from datavc.store.chunker import MAX_CHUNK, MIN_CHUNK, cut
from datavc.store.content_source import StreamSource
from datavc.store.segments import BufferPool, cut_segments


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """Up to about 8 MiB of noise, runs of one byte and repeated blocks."""
    pieces: list[bytes] = []
    for _ in range(draw(st.integers(0, 4))):
        size = draw(st.integers(0, 2 << 20))
        rng = random.Random(draw(st.integers(0, 1 << 32)))
        match draw(st.sampled_from(["noise", "run", "repeat"])):
            case "noise":
                pieces.append(rng.randbytes(size))
            case "run":
                pieces.append(rng.randbytes(1) * size)
            case _:
                block = rng.randbytes(1000)
                pieces.append((block * (size // 1000 + 1))[:size])
    return b"".join(pieces)


class Trickle(io.BytesIO):
    """Gives less than it is asked for."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, 100_001))


@settings(max_examples=25, deadline=None)
@given(data=contents(), buffer_size=st.integers(MAX_CHUNK + 1, 4 * MAX_CHUNK))
def test_segments_are_cut_as_the_whole_is(data: bytes, buffer_size: int) -> None:
    buffers = BufferPool(buffer_size)
    lengths: list[int] = []
    together = bytearray()
    for segment in cut_segments(StreamSource(Trickle(data)), buffers):
        lengths += segment.lengths
        together += segment.data
        buffers.give_back(segment.buffer)
    assert together == data
    assert lengths == cut(data)


@settings(max_examples=25, deadline=None)
@given(data=contents())
def test_sizes_are_within_their_bounds(data: bytes) -> None:
    lengths = cut(data)
    assert sum(lengths) == len(data)
    assert all(MIN_CHUNK <= length <= MAX_CHUNK for length in lengths[:-1])
    assert all(0 < length <= MAX_CHUNK for length in lengths)


def digests(data: bytes) -> list[bytes]:
    found = []
    start = 0
    for length in cut(data):
        found.append(digest_of(data[start : start + length]))
        start += length
    return found


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 1 << 32),
    at=st.integers(0, 6 << 20),
    removed=st.integers(0, 2000),
    inserted=st.binary(max_size=2000),
)
def test_an_edit_changes_few_chunks(seed: int, at: int, removed: int, inserted: bytes) -> None:
    data = random.Random(seed).randbytes(6 << 20)
    before = set(digests(data))
    after = digests(data[:at] + inserted + data[at + removed :])
    assert sum(digest not in before for digest in after) <= 6
