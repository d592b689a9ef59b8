"""Sharing what a host has."""

from __future__ import annotations

import threading
import time

from datavc.engine.capacity import Capacity, Share, host_cpus, host_memory


def never() -> bool:
    return False


class Taker:
    """Takes a share in a thread, until it is told to give it back."""

    def __init__(self, capacity: Capacity, party: str, share: Share) -> None:
        self.held = threading.Event()
        self._back = threading.Event()
        self._thread = threading.Thread(target=self._take, args=(capacity, party, share))
        self._thread.start()

    def _take(self, capacity: Capacity, party: str, share: Share) -> None:
        with capacity.take(party, share, never) as held:
            assert held
            self.held.set()
            self._back.wait()

    def give_back(self) -> None:
        assert self.held.wait(10)
        self._back.set()
        self._thread.join(10)


def wait_for(capacity: Capacity, waiting: int) -> None:
    deadline = time.monotonic() + 10
    while len(capacity._waiting) != waiting:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_the_host_has_something() -> None:
    assert host_cpus() >= 1
    assert host_memory() > 2**20


def test_no_more_is_given_out_than_there_is() -> None:
    capacity = Capacity(Share(2, 100))
    first = Taker(capacity, "a", Share(1, 60))
    assert first.held.wait(10)
    second = Taker(capacity, "b", Share(1, 60))
    wait_for(capacity, 1)
    assert not second.held.is_set()
    assert not capacity.has_spare
    first.give_back()
    second.give_back()
    assert capacity.has_spare


def test_who_has_least_comes_first() -> None:
    capacity = Capacity(Share(2, 0))
    rich = [Taker(capacity, "rich", Share(1, 0)) for _ in range(2)]
    assert all(taker.held.wait(10) for taker in rich)
    more = Taker(capacity, "rich", Share(1, 0))
    wait_for(capacity, 1)
    poor = Taker(capacity, "poor", Share(1, 0))
    wait_for(capacity, 2)
    rich[0].give_back()
    assert poor.held.wait(10)
    assert not more.held.is_set()
    for taker in (rich[1], more, poor):
        taker.give_back()


def test_a_large_share_is_not_passed_by_small_ones() -> None:
    capacity = Capacity(Share(2, 0))
    small = Taker(capacity, "a", Share(1, 0))
    assert small.held.wait(10)
    large = Taker(capacity, "b", Share(2, 0))
    wait_for(capacity, 1)
    late = Taker(capacity, "c", Share(1, 0))
    wait_for(capacity, 2)
    assert not late.held.is_set()
    small.give_back()
    large.give_back()
    late.give_back()


def test_what_is_larger_than_the_host_has_it_alone() -> None:
    capacity = Capacity(Share(2, 10))
    with capacity.take("a", Share(64, 1000), never) as held:
        assert held
        assert not capacity.has_spare


def test_whoever_is_stopped_gives_up_waiting() -> None:
    capacity = Capacity(Share(1, 0))
    with (
        capacity.take("a", Share(1, 0), never),
        capacity.take("b", Share(1, 0), lambda: True) as held,
    ):
        assert not held
    assert capacity.has_spare
