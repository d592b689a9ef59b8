from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from datavc.errors import OutOfSpace, StoreUnavailable
from datavc.model.ids import digest_of
from datavc.store.backends.memory import MemoryBackend
from datavc.store.objects import ObjectStore
from datavc.store.pack_session import PackSession
from datavc.store.record import RecordKind
from datavc.testing.faults import FaultyBackend

if TYPE_CHECKING:
    from .conftest import MemoryIndex

NOISE = random.Random(3).randbytes(40_000)


def test_records_come_back(objects: ObjectStore) -> None:
    with objects.session() as session:
        node = session.add(RecordKind.NODE, digest_of(b"node"), b"node")
        chunk = session.add_chunk(digest_of(NOISE), memoryview(NOISE))
        (pack,) = session.finish()
    assert pack.chunks == [chunk]
    assert objects.read(node, digest_of(b"node"), RecordKind.NODE) == b"node"
    assert objects.read(chunk.location, chunk.digest, RecordKind.CHUNK) == NOISE
    assert chunk.size == len(NOISE)


def test_a_session_without_records_leaves_nothing(
    objects: ObjectStore, memory: MemoryBackend, index: MemoryIndex
) -> None:
    with objects.session(index) as session:
        assert session.finish() == []
    assert list(memory.list()) == []
    assert index.packs == {}


def test_a_chunk_is_stored_once_in_a_session(objects: ObjectStore) -> None:
    with objects.session() as session:
        first = session.add_chunk(digest_of(NOISE), NOISE)
        stored = session.stored_bytes
        again = session.add_chunks([(digest_of(NOISE), NOISE), (digest_of(b"a"), b"a")] * 2)
        assert again[0] == again[2] == first
        assert again[1] == again[3]
        assert session.stored_bytes == stored + 65
        (pack,) = session.finish()
    assert len(pack.chunks) == 2


def test_packs_end_at_their_target_and_the_index_is_told(
    memory: MemoryBackend, index: MemoryIndex
) -> None:
    with PackSession(memory, index, pack_target=100_000) as session:
        refs = [
            session.add_chunk(digest_of(data), data)
            for data in (random.Random(at).randbytes(30_000) for at in range(20))
        ]
        assert index.packs == {}
        finished = session.finish()
    assert len(finished) == 5
    assert index.chunks == {ref.digest: ref for ref in refs}
    sizes = {found.key: found.size for found in memory.list("packs/")}
    assert sorted(sizes.values()) == sorted(pack.size for pack in finished)
    assert index.packs == {pack.pack: pack.size for pack in finished}
    for pack in finished:
        assert len(ObjectStore(memory).footer(pack.pack)) == len(pack.chunks)


def test_borrowed_buffers_may_be_reused(objects: ObjectStore) -> None:
    buffer = bytearray(NOISE)
    with objects.session() as session:
        ref = session.add_chunk(digest_of(buffer), memoryview(buffer))
        node = session.add(RecordKind.NODE, digest_of(buffer), memoryview(buffer))
        listed = session.add_chunk_list(bytes(32), 7, memoryview(buffer))
        buffer[:] = bytes(len(buffer))
        session.finish()
    assert objects.read(ref.location, ref.digest, RecordKind.CHUNK) == NOISE
    assert objects.read(node, digest_of(NOISE), RecordKind.NODE) == NOISE
    assert objects.read(listed.location, bytes(32), RecordKind.CHUNK_LIST) == NOISE


def test_leaving_without_finish_drops_everything(memory: MemoryBackend, index: MemoryIndex) -> None:
    with PackSession(memory, index, pack_target=50_000) as session:
        for at in range(20):
            data = random.Random(at).randbytes(30_000)
            session.add_chunk(digest_of(data), data)
    assert list(memory.list()) == []
    assert index.packs == {}


def test_an_exception_drops_everything(memory: MemoryBackend) -> None:
    def interrupted() -> None:
        with ObjectStore(memory).session() as session:
            session.add(RecordKind.NODE, digest_of(b"x"), b"x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert list(memory.list()) == []


@pytest.mark.parametrize("operation", ["open_writer", "write", "close"])
@pytest.mark.parametrize("error", [OutOfSpace("full"), StoreUnavailable("away")])
@pytest.mark.parametrize("skip", [0, 1, 3])
def test_a_failing_store_leaves_nothing_visible(
    memory: MemoryBackend,
    index: MemoryIndex,
    operation: str,
    error: OutOfSpace | StoreUnavailable,
    skip: int,
) -> None:
    faulty = FaultyBackend(memory)
    faulty.fail(operation, error, skip=skip, times=100)

    def put() -> None:
        with PackSession(faulty, index, pack_target=50_000) as session:
            for at in range(12):
                data = random.Random(at).randbytes(30_000)
                session.add_chunk(digest_of(data), memoryview(data))
            session.finish()

    with pytest.raises(type(error)):
        put()
    assert list(memory.list()) == []
    assert index.packs == {}


def test_a_broken_session_cannot_be_finished(memory: MemoryBackend) -> None:
    faulty = FaultyBackend(memory)
    faulty.fail("write", OutOfSpace("full"))
    with ObjectStore(faulty).session() as session:
        with pytest.raises(OutOfSpace):
            session.add_chunk(digest_of(NOISE), memoryview(NOISE))
        with pytest.raises(OutOfSpace):
            session.add_chunk(digest_of(b"x"), b"x")
        with pytest.raises(OutOfSpace):
            session.finish()
    assert list(memory.list()) == []


def test_nothing_can_be_added_after_the_end(objects: ObjectStore) -> None:
    with objects.session() as session:
        session.finish()
        with pytest.raises(RuntimeError, match="over"):
            session.add(RecordKind.NODE, digest_of(b"x"), b"x")
        with pytest.raises(RuntimeError, match="over"):
            session.finish()


def test_many_threads(memory: MemoryBackend, index: MemoryIndex) -> None:
    datas = [random.Random(at % 100).randbytes(5000 + at % 100) for at in range(400)]
    with PackSession(memory, index, pack_target=60_000) as session:
        with ThreadPoolExecutor(8) as pool:
            refs = list(pool.map(lambda data: session.add_chunk(digest_of(data), data), datas))
        session.finish()
    objects = ObjectStore(memory)
    wanted = [(ref.location, ref.digest, RecordKind.CHUNK) for ref in refs]
    assert [bytes(data) for data in objects.read_many(wanted)] == datas
    assert len(index.chunks) == 100
    assert sum(len(objects.footer(pack)) for pack in index.packs) == 100
