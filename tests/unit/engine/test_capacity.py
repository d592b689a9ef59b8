"""Sharing what a host has."""

from __future__ import annotations

import threading
import time

from datavc.engine.capacity import Capacity, Share, host_cpus, host_gpus, host_memory


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
    assert host_gpus() >= 0


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


def test_a_host_is_booked_by_as_many_as_it_has_processors_or_by_one_when_it_is_busy() -> None:
    capacity = Capacity(Share(2, 0))
    capacity.expect("a")
    assert not capacity.is_booked
    capacity.expect("b")
    assert capacity.is_booked
    with capacity.take("a", Share(2, 0), never):
        assert capacity.is_booked
        capacity.expect_no_more("b")
        assert not capacity.is_booked
        capacity.expect("c")
        assert capacity.is_booked
    assert not capacity.is_booked


def test_each_graphics_processor_is_held_by_one() -> None:
    capacity = Capacity(Share(8, 0, gpus=3))
    with (
        capacity.take("a", Share(1, 0, gpus=1), never) as one,
        capacity.take("b", Share(1, 0, gpus=2), never) as two,
        capacity.take("c", Share(1, 0, gpus=1), lambda: True) as none,
        capacity.take("d", Share(1, 0), never) as without,
    ):
        assert one is not None
        assert two is not None
        assert without is not None
        assert (one.gpus, two.gpus, none, without.gpus) == ((0,), (1, 2), None, ())
    with capacity.take("a", Share(1, 0, gpus=2), never, same_gpus=(2,)) as again:
        assert again is not None
        assert again.gpus == (0, 2)


def test_more_graphics_processors_than_there_are_do_not_fit() -> None:
    assert not Share(1, 0, gpus=1).fits(Share(8, 100))
    assert Share(1, 0, gpus=1).fits(Share(8, 100, gpus=1))


def test_a_share_is_told_by_what_there_is_of_it() -> None:
    told = [
        share.describe()
        for share in (
            Share(2.5, 3 * 2**29, 1),
            Share(1, 300 * 2**20),
            Share(0, 900 * 2**30),
            Share(0, 0, 2),
            Share(0, 0),
        )
    ]
    assert told == [
        "2.5 processors, 1.5 GiB of memory and 1 graphics processor",
        "1 processor and 300 MiB of memory",
        "900 GiB of memory",
        "2 graphics processors",
        "nothing",
    ]


def test_whoever_is_stopped_gives_up_waiting() -> None:
    capacity = Capacity(Share(1, 0))
    with (
        capacity.take("a", Share(1, 0), never),
        capacity.take("b", Share(1, 0), lambda: True) as held,
    ):
        assert not held
    assert capacity.has_spare
