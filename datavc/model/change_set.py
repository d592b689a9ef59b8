"""Change sets: sorted lists of path -> entry or removal, and how they are written down."""

from __future__ import annotations

from dataclasses import dataclass

from datavc.model.entry import Location


@dataclass(frozen=True, slots=True)
class StagedRecord:
    """A change set that is stored already: where its record lies, and what it adds up to."""

    digest: bytes
    location: Location
    #: Paths put, paths removed, and the put files' plain bytes.
    puts: int
    removals: int
    bytes: int
