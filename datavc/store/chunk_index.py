"""The deduplication index: a hint that says where a chunk of a given digest already lies.

It is only ever a hint. Losing it costs space, never data, and it can be rebuilt from the footers
of the packs. The store layer asks it; the database, or a server across the network, answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from datavc.model.entry import ChunkRef


class ChunkIndex(Protocol):
    """Where known chunks lie."""

    def lookup(self, digests: Sequence[bytes]) -> Mapping[bytes, ChunkRef]:
        """The subset of *digests* that is stored already, each with its place."""

    def add_pack(self, pack: bytes, size: int, chunks: Sequence[ChunkRef]) -> None:
        """Make a finished, durable pack of *size* bytes known, and its *chunks* with it.

        A chunk known from another pack keeps its first place.
        """
