"""The garbage collector's settings are what they were once the work is done."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from datavc.versioning.fewer_collections import fewer_collections


@pytest.fixture(autouse=True)
def settings() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_the_collector_runs_less_often_inside_only() -> None:
    gc.set_threshold(700, 10, 10)
    with fewer_collections():
        assert gc.get_threshold()[0] > 700
        with fewer_collections():
            pass
        assert gc.get_threshold()[0] > 700
    assert gc.get_threshold() == (700, 10, 10)


@pytest.mark.parametrize("first", [0, 10**6])
def test_a_collector_that_is_slower_stays_so(first: int) -> None:
    gc.set_threshold(first, 10, 10)
    with fewer_collections():
        assert gc.get_threshold() == (first, 10, 10)
    assert gc.get_threshold() == (first, 10, 10)
