"""How far the lines of logs were given, so that whoever follows them can go on from there."""

from __future__ import annotations

import base64
import binascii

import msgspec

from datavc.errors import InvalidInput

#: As much of a datum's key as tells it from those beside it.
KEY_SIZE = 8


class DatumPlace(msgspec.Struct, frozen=True, array_like=True):
    """How far the lines of one datum were given."""

    #: The start of its key.
    key: bytes
    #: Of the log that they are of: see :func:`head_of`.
    head: bytes
    #: How many.
    lines: int


class JobPlace(msgspec.Struct, frozen=True, array_like=True):
    """How far the lines of one job were given."""

    job: bytes
    #: Number of the last line that the engine said.
    event: int = 0
    #: The last datum that was given whole: when it ended, and its key.
    ended_us: int = -1
    key: bytes = b""
    #: Others of which something was given.
    datums: tuple[DatumPlace, ...] = ()


def head_of(log: bytes) -> bytes:
    """What tells the log of one attempt at a datum from that of another: the time it begins with.

    Of its microseconds, the part that comes again after 12 days.
    """
    return log[4:9]


class LogPlace(msgspec.Struct, frozen=True, array_like=True):
    """How far the lines of all jobs that are followed were given."""

    #: Place in the pipeline's queue of the last job that was begun.
    sequence: int
    #: Only lines from this time on are given.
    since_us: int
    jobs: tuple[JobPlace, ...]

    def encode(self) -> str:
        """Opaque to others, and fit for a header."""
        return base64.urlsafe_b64encode(msgspec.msgpack.encode(self)).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> LogPlace:
        """Read what :meth:`encode` has written.

        Raises:
            InvalidInput: it is something else.
        """
        try:
            padded = text + "=" * (-len(text) % 4)
            data = base64.b64decode(padded, b"-_", validate=True)
            place = msgspec.msgpack.decode(data, type=cls)
        except (binascii.Error, ValueError, msgspec.DecodeError):
            raise InvalidInput(f"{text!r} is no place in a log") from None
        numbers = [place.sequence, place.since_us]
        numbers += [number for job in place.jobs for number in (job.event, job.ended_us)]
        if any(abs(number) >= 2**63 for number in numbers):
            raise InvalidInput(f"{text!r} is no place in a log")
        return place
