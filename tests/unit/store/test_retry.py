from __future__ import annotations

import pytest

from datavc.errors import NotFound, OutOfSpace, StoreUnavailable
from datavc.store.backends.memory import MemoryBackend
from datavc.store.backends.retry import RetryBackend
from datavc.testing.faults import FaultyBackend


@pytest.fixture
def faulty(memory: MemoryBackend) -> FaultyBackend:
    memory.put("a", b"abc")
    memory.put("b", b"def")
    return FaultyBackend(memory)


def test_tries_again_with_growing_pauses(faulty: FaultyBackend) -> None:
    pauses: list[float] = []
    backend = RetryBackend(faulty, first_pause=1, longest_pause=3, sleep=pauses.append)
    faulty.fail("get", StoreUnavailable("away"), times=4)
    assert bytes(backend.get("a")) == b"abc"
    assert faulty.calls["get"] == 5
    for pause, longest in zip(pauses, [1, 2, 3, 3], strict=True):
        assert longest / 2 <= pause <= longest


def test_gives_up(faulty: FaultyBackend) -> None:
    backend = RetryBackend(faulty, attempts=3, sleep=lambda seconds: None)
    faulty.fail("put", StoreUnavailable("away"), times=3)
    with pytest.raises(StoreUnavailable, match="away"):
        backend.put("c", b"x")
    assert faulty.calls["put"] == 3


@pytest.mark.parametrize("error", [OutOfSpace("full"), NotFound("none")])
def test_other_errors_pass_at_once(faulty: FaultyBackend, error: Exception) -> None:
    backend = RetryBackend(faulty, sleep=lambda seconds: pytest.fail("slept"))
    faulty.fail("size", error)
    with pytest.raises(type(error)):
        backend.size("a")
    assert faulty.calls["size"] == 1


def test_interrupted_listing_repeats_nothing(faulty: FaultyBackend) -> None:
    backend = RetryBackend(faulty, sleep=lambda seconds: None)
    faulty.fail("list", StoreUnavailable("away"), skip=1)
    assert [found.key for found in backend.list()] == ["a", "b"]


def test_listing_gives_up(faulty: FaultyBackend) -> None:
    backend = RetryBackend(faulty, attempts=2, sleep=lambda seconds: None)
    faulty.fail("list", StoreUnavailable("away"), times=2)
    with pytest.raises(StoreUnavailable):
        list(backend.list())
