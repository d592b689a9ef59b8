from __future__ import annotations

from pathlib import Path

import pytest

from datavc.store.backends.cache import CachedBackend
from datavc.store.backends.memory import MemoryBackend
from datavc.testing.faults import FaultyBackend


@pytest.fixture
def faulty(memory: MemoryBackend) -> FaultyBackend:
    for key in "abcd":
        memory.put(key, key.encode() * 100)
    return FaultyBackend(memory)


def used(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_second_read_asks_nobody(faulty: FaultyBackend, tmp_path: Path) -> None:
    backend = CachedBackend(faulty, tmp_path, 10_000)
    for _ in range(3):
        assert bytes(backend.get("a", 10, 20)) == b"a" * 20
    assert faulty.calls["get"] == 1
    assert bytes(backend.get("a", 10, 21)) == b"a" * 21
    assert faulty.calls["get"] == 2


def test_outlives_the_process(faulty: FaultyBackend, tmp_path: Path) -> None:
    CachedBackend(faulty, tmp_path, 10_000).get("a")
    assert bytes(CachedBackend(faulty, tmp_path, 10_000).get("a")) == b"a" * 100
    assert faulty.calls["get"] == 1


def test_stays_within_its_bytes_and_drops_the_least_recently_used(
    faulty: FaultyBackend, tmp_path: Path
) -> None:
    backend = CachedBackend(faulty, tmp_path, 2 * 116)
    backend.get("a")
    backend.get("b")
    backend.get("a")
    backend.get("c")
    assert used(tmp_path) == 2 * 116
    assert faulty.calls["get"] == 3
    backend.get("a")
    assert faulty.calls["get"] == 3
    backend.get("b")
    assert faulty.calls["get"] == 4
    CachedBackend(faulty, tmp_path, 116)
    assert used(tmp_path) == 116


def test_what_is_too_large_passes_by(faulty: FaultyBackend, tmp_path: Path) -> None:
    backend = CachedBackend(faulty, tmp_path, 115)
    assert bytes(backend.get("a")) == b"a" * 100
    assert used(tmp_path) == 0


@pytest.mark.parametrize("spoilt", [b"", b"short", b"x" * 116])
def test_damaged_file_is_read_anew(faulty: FaultyBackend, tmp_path: Path, spoilt: bytes) -> None:
    backend = CachedBackend(faulty, tmp_path, 10_000)
    backend.get("a")
    (path,) = (path for path in tmp_path.rglob("*") if path.is_file())
    path.write_bytes(spoilt)
    assert bytes(backend.get("a")) == b"a" * 100
    assert bytes(backend.get("a")) == b"a" * 100
    assert faulty.calls["get"] == 2


def test_cache_that_cannot_be_written_does_no_harm(faulty: FaultyBackend, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    backend = CachedBackend(faulty, tmp_path / "file" / "cache", 10_000)
    assert bytes(backend.get("a")) == b"a" * 100
    assert bytes(backend.get("a")) == b"a" * 100
