"""How often somebody may ask: a bucket of tokens for each, that fills up at an even pace."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

#: Buckets that are remembered; whoever is forgotten starts with a full one.
_REMEMBERED = 10_000
_MINUTE = 60.0


@dataclass(slots=True)
class _Bucket:
    left: float
    filled: float
    #: Whether somebody was turned away since it was last not empty.
    ran_dry: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Somebody asks too often."""

    #: Seconds, rounded up, until the next request is let through.
    wait: int
    #: Whether it is the first one since requests were let through.
    is_first: bool


class TokenBuckets:
    """One bucket for each name. Safe to share between threads.

    A bucket holds the requests of one minute, so many may come at once.

    Args:
        clock: seconds, from any start.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, name: str, per_minute: int) -> Refusal | None:
        """Take one of *per_minute*; ``None`` where there was one left."""
        with self._lock:
            bucket = self._filled(name, per_minute)
            if bucket.left >= 1:
                bucket.left -= 1
                bucket.ran_dry = False
                return None
            is_first, bucket.ran_dry = not bucket.ran_dry, True
            wait = math.ceil((1 - bucket.left) * _MINUTE / per_minute)
            return Refusal(max(1, wait), is_first)

    def _filled(self, name: str, per_minute: int) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = _Bucket(per_minute, now)
        self._buckets.move_to_end(name)
        while len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        gained = (now - bucket.filled) * per_minute / _MINUTE
        bucket.left = min(float(per_minute), bucket.left + gained)
        bucket.filled = now
        return bucket
