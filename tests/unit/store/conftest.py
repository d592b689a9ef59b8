from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from datavc.model.entry import ChunkRef
from datavc.store.backends.memory import MemoryBackend
from datavc.store.objects import ObjectStore


class MemoryIndex:
    """A chunk index in memory that counts the questions it is asked."""

    def __init__(self) -> None:
        self.chunks: dict[bytes, ChunkRef] = {}
        self.packs: dict[bytes, int] = {}
        self.lookups = 0

    def lookup(self, digests: Sequence[bytes]) -> Mapping[bytes, ChunkRef]:
        self.lookups += 1
        return {digest: self.chunks[digest] for digest in digests if digest in self.chunks}

    def add_pack(self, pack: bytes, size: int, chunks: Sequence[ChunkRef]) -> None:
        self.packs[pack] = size
        for chunk in chunks:
            self.chunks.setdefault(chunk.digest, chunk)


@pytest.fixture
def index() -> MemoryIndex:
    return MemoryIndex()


@pytest.fixture
def memory() -> MemoryBackend:
    return MemoryBackend()


@pytest.fixture
def objects(memory: MemoryBackend) -> ObjectStore:
    return ObjectStore(memory)
