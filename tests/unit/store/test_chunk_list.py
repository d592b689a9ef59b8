import random

import pytest

from datavc.errors import DataCorrupt
from datavc.model.entry import ChunkRef, Location
from datavc.model.ids import digest_of
from datavc.store.chunk_list import (
    MAX_LENGTH,
    cut_refs,
    decode_chunk_list,
    encode_chunk_list,
)

PACKS = [bytes([at]) * 16 for at in range(3)]


def make_refs(count: int, seed: int = 1) -> list[ChunkRef]:
    rng = random.Random(seed)
    return [
        ChunkRef(
            rng.randbytes(32),
            rng.randrange(1, 1 << 40),
            Location(rng.choice(PACKS), rng.randrange(1 << 40), rng.randrange(1 << 20)),
        )
        for _ in range(count)
    ]


def stands_for(refs: list[ChunkRef], digest: bytes) -> ChunkRef:
    return ChunkRef(digest, sum(ref.size for ref in refs), Location(PACKS[0], 32, 100))


@pytest.mark.parametrize("count", [1, 17, 300])
def test_round_trip(count: int) -> None:
    refs = make_refs(count)
    digest, payload = encode_chunk_list(refs, 2)
    assert decode_chunk_list(payload, stands_for(refs, digest), 2) == refs


def test_digest_depends_on_what_is_listed_and_not_on_where_it_lies() -> None:
    refs = make_refs(20)
    moved = [ChunkRef(ref.digest, ref.size, Location(PACKS[2], 7, 7)) for ref in refs]
    assert encode_chunk_list(refs, 0)[0] == encode_chunk_list(moved, 0)[0]
    assert encode_chunk_list(refs, 0)[0] != encode_chunk_list(refs, 1)[0]
    assert encode_chunk_list(refs, 0)[0] != encode_chunk_list(refs[::-1], 0)[0]


def test_no_content_has_the_digest_of_a_list() -> None:
    digest, payload = encode_chunk_list(make_refs(3), 0)
    logical = payload[: 8 + 3 * 40]
    assert digest_of(logical) != digest


def test_lists_around_a_change_stay_equal() -> None:
    refs = make_refs(5000)
    changed = [*refs[:2500], *make_refs(2, seed=9), *refs[2501:]]
    before = {encode_chunk_list(part, 0)[0] for part in cut_refs(refs)}
    after = [encode_chunk_list(part, 0)[0] for part in cut_refs(changed)]
    assert sum(digest not in before for digest in after) <= 2


def test_cutting_loses_nothing_and_is_bounded() -> None:
    refs = make_refs(3000)
    assert [ref for part in cut_refs(refs) for ref in part] == refs
    same = [ChunkRef(b"\x01" * 32, 5, Location(PACKS[0], 0, 0))] * 3000
    assert max(len(part) for part in cut_refs(same)) == MAX_LENGTH


@pytest.mark.parametrize("keep", [0, 4, 50, 200])
def test_cut_short(keep: int) -> None:
    refs = make_refs(5)
    digest, payload = encode_chunk_list(refs, 0)
    with pytest.raises(DataCorrupt, match="offset 32 of pack"):
        decode_chunk_list(payload[:keep], stands_for(refs, digest), 0)


def test_another_list() -> None:
    refs = make_refs(5)
    digest, payload = encode_chunk_list(refs, 0)
    with pytest.raises(DataCorrupt, match="does not list"):
        decode_chunk_list(payload, stands_for(refs, digest), 1)
    with pytest.raises(DataCorrupt, match="another digest"):
        decode_chunk_list(payload, stands_for(refs, bytes(32)), 0)
