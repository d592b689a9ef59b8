"""Digests and ids."""

from __future__ import annotations

import time

from datavc.model.ids import digest_of, new_id


def test_the_digest_of_nothing_is_blake3s() -> None:
    assert digest_of(b"").hex() == (
        "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    )


def test_ids_differ_and_are_ordered_by_time() -> None:
    first = new_id()
    time.sleep(0.002)
    second = new_id()
    assert first < second
    assert len(first) == 32
    assert first[12] == "7"
    assert first[16] in "89ab"
    assert len({new_id() for _ in range(1000)}) == 1000


def test_ids_of_one_process_are_in_the_order_in_which_they_were_made() -> None:
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(made)


def test_a_clock_that_is_set_back_does_not_change_the_order(monkeypatch) -> None:
    before = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 1_000_000_000)
    after = new_id()
    assert before < after
