"""Whatever is put into packs comes out again, and the packs' indexes tell all of it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavc.errors import DataCorrupt
from datavc.model.entry import Location
from datavc.model.ids import digest_of
from datavc.store.backends.memory import MemoryBackend
from datavc.store.key import pack_key, pack_of_key
from datavc.store.objects import ObjectStore
from datavc.store.pack_session import PackSession
from datavc.store.record import RecordKind

RECORDS = st.lists(
    st.tuples(
        st.sampled_from(list(RecordKind)),
        st.one_of(
            st.binary(max_size=300),
            st.builds(
                lambda piece, count: piece * count, st.binary(max_size=20), st.integers(0, 200)
            ),
        ),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(records=RECORDS, target=st.integers(64, 3000), order=st.randoms(use_true_random=False))
def test_round_trip(
    records: list[tuple[RecordKind, bytes]], target: int, order: random.Random
) -> None:
    backend = MemoryBackend()
    objects = ObjectStore(backend)
    with PackSession(backend, pack_target=target) as session:
        placed = [
            (session.add(kind, digest_of(data), data), digest_of(data), kind)
            for kind, data in records
        ]
        finished = session.finish()

    pairs = list(zip(placed, records, strict=True))
    order.shuffle(pairs)
    read = objects.read_many(wanted for wanted, _ in pairs)
    assert [bytes(data) for data in read] == [data for _, (_, data) in pairs]

    packs = [pack_of_key(found.key) for found in backend.list("packs/")]
    assert sorted(packs) == sorted(pack.pack for pack in finished)
    told = [
        (record.location, record.digest, record.kind, record.raw_size)
        for pack in finished
        for record in objects.footer(pack.pack).records()
    ]
    assert told == [
        (location, digest, kind, len(data))
        for (location, digest, kind), (_, data) in zip(placed, records, strict=True)
    ]


@settings(max_examples=60, deadline=None)
@given(
    data=st.binary(min_size=1, max_size=500),
    position=st.integers(0, 10_000),
    flip=st.integers(1, 255),
)
def test_no_changed_byte_goes_unnoticed(data: bytes, position: int, flip: int) -> None:
    backend = MemoryBackend()
    objects = ObjectStore(backend)
    with objects.session() as session:
        ref = session.add_chunk(digest_of(data), data)
        session.finish()
    key = pack_key(ref.location.pack)
    pack = bytearray(backend.get(key))
    start = ref.location.offset
    pack[start + position % ref.location.length] ^= flip
    backend.put(key, pack)
    with pytest.raises(DataCorrupt, match=ref.location.pack.hex()):
        objects.read(ref.location, ref.digest, RecordKind.CHUNK)


@settings(max_examples=60, deadline=None)
@given(
    datas=st.lists(st.binary(min_size=10, max_size=100), min_size=1, max_size=5),
    shift=st.integers(-100, 100).filter(bool),
    longer=st.integers(-70, 70),
)
def test_a_wrong_place_is_never_believed(datas: list[bytes], shift: int, longer: int) -> None:
    objects = ObjectStore(MemoryBackend())
    with objects.session() as session:
        locations = [session.add(RecordKind.CHUNK, digest_of(data), data) for data in datas]
        session.finish()
    at = locations[len(datas) // 2]
    wrong = Location(at.pack, max(0, at.offset + shift), max(0, at.length + longer))
    digest = digest_of(datas[len(datas) // 2])
    if wrong in [
        place for place, data in zip(locations, datas, strict=True) if digest_of(data) == digest
    ]:
        return
    with pytest.raises(DataCorrupt):
        objects.read(wrong, digest, RecordKind.CHUNK)
