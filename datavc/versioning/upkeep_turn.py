"""One at a time looks after the store: takes packs away, or moves what is in them."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from datavc.db import upkeep as rows
from datavc.db.clock import now_us
from datavc.errors import Conflict, DataCorrupt, DatavcError, NotFound
from datavc.model.ids import new_id
from datavc.versioning.versioned_store import VersionedStore

_NAME = "upkeep"
#: Seconds after which a turn that is not extended is over: so long is waited for a killed run.
_LASTS_S = 60
_EXTENDED_EVERY_S = 15


class UpkeepTurn:
    """The right to look after a store."""

    def __init__(self, holder: str) -> None:
        self._holder = holder

    def check(self, conn: Connection) -> None:
        """Make sure, in the transaction that changes something, that the turn is still held.

        Raises:
            Conflict: it took too long, and somebody else has it.
        """
        if not rows.extend_turn(conn, _NAME, self._holder, until=_until()):
            raise Conflict(
                "this run was held up for so long that another one took its turn",
                hint="what it did so far is done; run it again",
            )


@contextmanager
def upkeep_turn(vs: VersionedStore) -> Iterator[UpkeepTurn]:
    """Take the turn, and keep it until the block is left.

    Raises:
        Conflict: somebody else has it, or has taken it meanwhile and then something that the block
            was looking for.
    """
    holder = f"{socket.gethostname()}, process {os.getpid()} ({new_id()[-8:]})"
    with vs.db.write() as conn:
        other = rows.take_turn(conn, _NAME, holder, now=now_us(), until=_until())
    if other is not None:
        raise Conflict(
            f"the store is being looked after already: by {other}",
            hint=f"wait for it; if it was killed, its turn ends within {_LASTS_S} seconds",
        )
    over = threading.Event()
    thread = threading.Thread(target=_extend, args=(vs, holder, over), name="datavc-upkeep")
    thread.start()
    turn = UpkeepTurn(holder)
    try:
        yield turn
    except (NotFound, DataCorrupt):
        # What seems to be missing may have gone by the hand of whoever has the turn by now.
        with vs.db.write() as conn:
            turn.check(conn)
        raise
    finally:
        over.set()
        thread.join()
        with vs.db.write() as conn:
            rows.end_turn(conn, _NAME, holder)


def _extend(vs: VersionedStore, holder: str, over: threading.Event) -> None:
    while not over.wait(_EXTENDED_EVERY_S):
        try:
            with vs.db.write() as conn:
                rows.extend_turn(conn, _NAME, holder, until=_until())
        except DatavcError:
            # The next time may do better; whoever changes something checks its turn again.
            continue


def _until() -> int:
    return now_us() + _LASTS_S * 1_000_000
