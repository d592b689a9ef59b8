from __future__ import annotations

import pytest

from datavc.errors import DataCorrupt, InvalidInput, StoreUnavailable
from datavc.store.backends.checked import CheckedBackend
from datavc.store.backends.memory import MemoryBackend
from datavc.testing.faults import FaultyBackend


def test_short_answer(memory: MemoryBackend) -> None:
    memory.put("a", b"0123456789")
    faulty = FaultyBackend(memory)
    faulty.cut_next_get(3)
    with pytest.raises(DataCorrupt, match="3 bytes of object 'a' at 2, not 5"):
        CheckedBackend(faulty).get("a", 2, 5)


@pytest.mark.parametrize(("offset", "length"), [(-1, None), (0, -1)])
def test_malformed_range(memory: MemoryBackend, offset: int, length: int | None) -> None:
    with pytest.raises(InvalidInput):
        CheckedBackend(memory).get("a", offset, length)


def test_store_that_keeps_less_than_it_was_given(memory: MemoryBackend) -> None:
    class Lossy(MemoryBackend):
        def put(self, key: str, data: object) -> None:
            super().put(key, bytes(data)[:-1])

    backend = CheckedBackend(Lossy())
    with pytest.raises(StoreUnavailable, match="kept 2 of 3 bytes"):
        backend.put("a", b"abc")
    writer = backend.open_writer("b")
    writer.write([b"ab", b"c"])
    with pytest.raises(StoreUnavailable, match="kept 2 of 3 bytes"):
        writer.close()


def test_writer_takes_nothing_more_once_it_is_over(memory: MemoryBackend) -> None:
    writer = CheckedBackend(memory).open_writer("a")
    writer.close()
    with pytest.raises(RuntimeError):
        writer.write([b"late"])
    with pytest.raises(RuntimeError):
        writer.close()


def test_list_outside_the_prefix() -> None:
    class Confused(MemoryBackend):
        def list(self, prefix: str = "") -> object:
            return super().list("")

    confused = Confused()
    confused.put("other", b"")
    with pytest.raises(DataCorrupt, match="other"):
        list(CheckedBackend(confused).list("packs/"))
