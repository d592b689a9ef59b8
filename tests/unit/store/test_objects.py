from __future__ import annotations

import random

import pytest

from datavc.errors import DataCorrupt, NotFound, StoreUnavailable
from datavc.model.entry import ChunkRef
from datavc.model.ids import digest_of
from datavc.store.backends.memory import MemoryBackend
from datavc.store.key import pack_key
from datavc.store.objects import ObjectStore, Wanted, plan_reads
from datavc.store.record import RecordKind
from datavc.testing.faults import FaultyBackend

DATAS = [random.Random(at).randbytes(2000) for at in range(200)]


def stored(objects: ObjectStore, datas: list[bytes]) -> list[ChunkRef]:
    with objects.session() as session:
        refs = [session.add_chunk(digest_of(data), data) for data in datas]
        session.finish()
    return refs


def wanted(refs: list[ChunkRef]) -> list[Wanted]:
    return [(ref.location, ref.digest, RecordKind.CHUNK) for ref in refs]


def test_neighbours_are_read_by_one_request(memory: MemoryBackend) -> None:
    faulty = FaultyBackend(memory)
    objects = ObjectStore(faulty)
    refs = stored(objects, DATAS)
    assert [bytes(data) for data in objects.read_many(wanted(refs))] == DATAS
    assert faulty.calls["get"] == 1


def test_order_is_that_of_the_question(objects: ObjectStore) -> None:
    refs = stored(objects, DATAS) + stored(objects, DATAS[::-1])
    order = random.Random(5).sample(range(400), 400)
    both = DATAS + DATAS[::-1]
    got = objects.read_many(wanted([refs[at] for at in order]))
    assert [bytes(data) for data in got] == [both[at] for at in order]


def test_nothing_asked_for(objects: ObjectStore) -> None:
    assert list(objects.read_many([])) == []


def test_reads_stay_bounded(objects: ObjectStore) -> None:
    refs = stored(objects, [random.Random(at).randbytes(1 << 20) for at in range(10)])
    runs = list(plan_reads(wanted(refs)))
    assert [len(run) for run in runs] == [3, 3, 3, 1]


def test_a_consumer_may_stop_early(objects: ObjectStore) -> None:
    refs = stored(objects, [random.Random(at).randbytes(1 << 20) for at in range(20)])
    reading = objects.read_many(wanted(refs))
    assert bytes(next(reading)) == random.Random(0).randbytes(1 << 20)
    reading.close()


def test_missing_pack(objects: ObjectStore, memory: MemoryBackend) -> None:
    (ref,) = stored(objects, DATAS[:1])
    memory.delete(pack_key(ref.location.pack))
    with pytest.raises(NotFound, match=ref.location.pack.hex()):
        objects.read(ref.location, ref.digest, RecordKind.CHUNK)


def test_garbled_record_is_named(memory: MemoryBackend) -> None:
    faulty = FaultyBackend(memory)
    objects = ObjectStore(faulty)
    refs = stored(objects, DATAS[:3])
    faulty.flip_next_get(refs[1].location.offset - refs[0].location.offset + 100)
    with pytest.raises(DataCorrupt, match=f"offset {refs[1].location.offset} of pack"):
        list(objects.read_many(wanted(refs)))


def test_short_answer_is_corrupt(memory: MemoryBackend) -> None:
    faulty = FaultyBackend(memory)
    objects = ObjectStore(faulty)
    (ref,) = stored(objects, DATAS[:1])
    faulty.cut_next_get(500)
    with pytest.raises(DataCorrupt, match=ref.location.pack.hex()):
        objects.read(ref.location, ref.digest, RecordKind.CHUNK)


def test_truncated_pack_is_corrupt(objects: ObjectStore, memory: MemoryBackend) -> None:
    refs = stored(objects, DATAS[:3])
    key = pack_key(refs[0].location.pack)
    memory.put(key, bytes(memory.get(key))[: refs[2].location.offset + 100])
    assert objects.read(refs[1].location, refs[1].digest, RecordKind.CHUNK) == DATAS[1]
    with pytest.raises(DataCorrupt, match=refs[0].location.pack.hex()):
        objects.read(refs[2].location, refs[2].digest, RecordKind.CHUNK)


def test_an_error_ends_parallel_reads(memory: MemoryBackend) -> None:
    faulty = FaultyBackend(memory)
    objects = ObjectStore(faulty)
    refs = stored(objects, [random.Random(at).randbytes(1 << 20) for at in range(20)])
    faulty.fail("get", StoreUnavailable("away"), skip=3)
    with pytest.raises(StoreUnavailable, match="away"):
        list(objects.read_many(wanted(refs)))
