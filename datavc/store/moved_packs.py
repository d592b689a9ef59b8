"""The packs that were rewritten, as far as one process has met them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from datavc.errors import NotFound
from datavc.store.moves import PackMoves, read_moves

if TYPE_CHECKING:
    from datavc.model.entry import Location
    from datavc.store.backend import Backend

#: Packs whose moves are kept in memory.
_KEPT = 256


class MovedPacks:
    """Where records lie now. Thread-safe.

    Moves never change, so what was read once is good for ever.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._kept: OrderedDict[bytes, PackMoves] = OrderedDict()
        self._lock = threading.Lock()

    def knows(self, pack: bytes) -> bool:
        """Whether this process has met *pack* as a rewritten one."""
        return pack in self._kept

    def follow(self, location: Location) -> Location:
        """Where the record that lay at *location*, in a pack that is gone, lies now.

        Raises:
            NotFound: the pack was not rewritten, or dropped the record.
            Purged: the record's bytes are gone for good.
        """
        return self.moves(location.pack).find(location)

    def moves(self, pack: bytes) -> PackMoves:
        """The moves of one pack.

        Raises:
            NotFound: it was not rewritten.
        """
        with self._lock:
            kept = self._kept.get(pack)
            if kept is not None:
                self._kept.move_to_end(pack)
                return kept
        found = read_moves(self._backend, pack)
        with self._lock:
            self._kept[pack] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found

    def place(self, location: Location) -> Location:
        """Where a record lies, by the moves that this process has met so far.

        Raises:
            Purged, NotFound: nowhere.
        """
        while self.knows(location.pack):
            location = self.follow(location)
        return location


def absent(error: NotFound, moved: MovedPacks, location: Location) -> Location:
    """Where a record lies whose pack was not found.

    Raises:
        NotFound: *error* itself, when the pack was not rewritten.
        Purged: the record's bytes are gone for good.
    """
    try:
        moves = moved.moves(location.pack)
    except NotFound:
        raise error from None
    return moves.find(location)
