"""What every store backend must do, on all of them and under each wrapper."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from datavc.errors import DataCorrupt, InvalidInput, NotFound
from datavc.store.backend import Backend
from datavc.store.backends.deferred import DeferredBackend
from datavc.store.backends.local import LocalBackend
from datavc.store.backends.memory import MemoryBackend
from datavc.store.backends.retry import RetryBackend
from datavc.testing.faults import FaultyBackend

WRAPPERS: dict[str, Callable[[Backend], Backend]] = {
    "retry": RetryBackend,
    "deferred": lambda inner: DeferredBackend(lambda: inner),
    "faulty": FaultyBackend,
}


@pytest.fixture(
    params=[
        "memory",
        "local",
        pytest.param("s3", marks=pytest.mark.s3),
        *WRAPPERS,
    ]
)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    kind: str = request.param
    if kind == "memory":
        yield MemoryBackend()
    elif kind == "s3":
        from datavc.store.backends.s3 import S3Backend

        server = request.getfixturevalue("s3_server")
        s3 = S3Backend(
            "datavc-contract",
            uuid4().hex,
            endpoint=server.endpoint,
            access_key=server.access_key,
            secret_key=server.secret_key,
            region="us-east-1",
        )
        s3.ensure_bucket()
        yield s3
    else:
        local = LocalBackend(tmp_path / "store")
        yield local if kind == "local" else WRAPPERS[kind](local)


def keys(backend: Backend, prefix: str = "") -> list[str]:
    return sorted(found.key for found in backend.list(prefix))


def test_put_then_get(backend: Backend) -> None:
    backend.put("a/b/c.bin", b"0123456789")
    assert bytes(backend.get("a/b/c.bin")) == b"0123456789"
    assert backend.size("a/b/c.bin") == 10


def test_put_of_equal_bytes_again(backend: Backend) -> None:
    backend.put("a", b"same")
    backend.put("a", b"same")
    assert bytes(backend.get("a")) == b"same"
    assert keys(backend) == ["a"]


def test_empty_object(backend: Backend) -> None:
    backend.put("empty", b"")
    assert bytes(backend.get("empty")) == b""
    assert bytes(backend.get("empty", 0, 0)) == b""
    assert backend.size("empty") == 0


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [
        (0, 3, b"012"),
        (4, 2, b"45"),
        (7, None, b"789"),
        (10, None, b""),
        (3, 0, b""),
        (0, 10, b"0123456789"),
    ],
)
def test_ranges(backend: Backend, offset: int, length: int | None, expected: bytes) -> None:
    backend.put("ranged", bytearray(b"0123456789"))
    assert bytes(backend.get("ranged", offset, length)) == expected


@pytest.mark.parametrize(("offset", "length"), [(0, 11), (8, 3), (10, 1), (12, 1), (12, 0)])
def test_range_past_the_end_is_corrupt(backend: Backend, offset: int, length: int) -> None:
    backend.put("short", b"0123456789")
    with pytest.raises(DataCorrupt, match="short"):
        backend.get("short", offset, length)


@pytest.mark.parametrize(("offset", "length"), [(0, None), (0, 0), (3, 4)])
def test_get_of_a_missing_object(backend: Backend, offset: int, length: int | None) -> None:
    with pytest.raises(NotFound, match="no/such"):
        backend.get("no/such", offset, length)


def test_size_of_a_missing_object(backend: Backend) -> None:
    with pytest.raises(NotFound, match="no/such"):
        backend.size("no/such")


def test_delete(backend: Backend) -> None:
    backend.put("gone", b"x")
    backend.delete("gone")
    assert keys(backend) == []
    with pytest.raises(NotFound):
        backend.size("gone")


def test_delete_of_a_missing_object(backend: Backend) -> None:
    backend.delete("never/was")


def test_list_by_prefix(backend: Backend) -> None:
    for key in ("packs/00/a", "packs/00/b", "packs/01/a", "other", "packs-2/x"):
        backend.put(key, key.encode())
    assert keys(backend) == ["other", "packs-2/x", "packs/00/a", "packs/00/b", "packs/01/a"]
    assert keys(backend, "packs/") == ["packs/00/a", "packs/00/b", "packs/01/a"]
    assert keys(backend, "packs/0") == ["packs/00/a", "packs/00/b", "packs/01/a"]
    assert keys(backend, "packs/00/b") == ["packs/00/b"]
    assert keys(backend, "nothing/") == []


def test_list_gives_sizes_and_times(backend: Backend) -> None:
    backend.put("packs/one", b"12345")
    (found,) = backend.list()
    assert found.size == 5
    assert found.modified > 1_600_000_000


def test_writer_shows_nothing_before_close(backend: Backend) -> None:
    writer = backend.open_writer("packs/w")
    writer.write([b"abc", memoryview(b"def")])
    assert keys(backend) == []
    with pytest.raises(NotFound):
        backend.size("packs/w")
    writer.write([b"ghi"])
    writer.close()
    assert bytes(backend.get("packs/w")) == b"abcdefghi"
    assert keys(backend) == ["packs/w"]


def test_writer_does_not_keep_the_buffers(backend: Backend) -> None:
    buffer = bytearray(b"first")
    writer = backend.open_writer("reused")
    writer.write([buffer])
    buffer[:] = b"other"
    writer.write([buffer])
    writer.close()
    assert bytes(backend.get("reused")) == b"firstother"


def test_writer_takes_many_pieces_at_once(backend: Backend) -> None:
    writer = backend.open_writer("pieces")
    writer.write([bytes([at % 256]) * 3 for at in range(3000)])
    writer.close()
    assert bytes(backend.get("pieces")) == b"".join(bytes([at % 256]) * 3 for at in range(3000))


def test_writer_of_nothing_leaves_an_empty_object(backend: Backend) -> None:
    backend.open_writer("void").close()
    assert backend.size("void") == 0


def test_large_object(backend: Backend) -> None:
    block = bytes(range(256)) * 4096
    writer = backend.open_writer("large")
    for _ in range(20):
        writer.write([block])
    writer.close()
    assert backend.size("large") == 20 * len(block)
    assert bytes(backend.get("large", 19 * len(block) + 5, 3)) == bytes([5, 6, 7])


def test_aborted_writer_leaves_nothing(backend: Backend) -> None:
    writer = backend.open_writer("packs/a")
    writer.write([b"x" * 1000])
    writer.abort()
    writer.abort()
    assert keys(backend) == []
    with pytest.raises(NotFound):
        backend.get("packs/a")


def test_written_object_survives_a_late_abort(backend: Backend) -> None:
    writer = backend.open_writer("kept")
    writer.write([b"x"])
    writer.close()
    writer.abort()
    assert bytes(backend.get("kept")) == b"x"


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", "../a", "a/../b", ".tmp/x", "a\0", "A", "ä", "a/.", "a b"]
)
def test_malformed_keys_are_refused(backend: Backend, key: str) -> None:
    for call in (
        lambda: backend.put(key, b""),
        lambda: backend.get(key),
        lambda: backend.size(key),
        lambda: backend.delete(key),
        lambda: backend.open_writer(key),
    ):
        with pytest.raises(InvalidInput):
            call()


def test_many_threads(backend: Backend) -> None:
    together = threading.Barrier(8)

    def work(at: int) -> bytes:
        together.wait()
        backend.put(f"shared/{at % 4}", f"value {at % 4}".encode())
        writer = backend.open_writer(f"own/{at}")
        writer.write([str(at).encode()] * 10)
        writer.close()
        return bytes(backend.get(f"own/{at}"))

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(work, range(8)))
    assert got == [str(at).encode() * 10 for at in range(8)]
    assert keys(backend, "shared/") == [f"shared/{at}" for at in range(4)]
    assert bytes(backend.get("shared/3")) == b"value 3"
