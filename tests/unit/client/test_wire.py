from __future__ import annotations

import pytest

from datavc.client.wire import (
    RecordBody,
    TreeBody,
    decode_chunks,
    decode_digests,
    encode_chunks,
    encode_digests,
)
from datavc.errors import DataCorrupt, InvalidInput
from datavc.model.change_set import StagedRecord
from datavc.model.commit import TreeRef
from datavc.model.entry import ChunkRef, Location
from datavc.model.ids import digest_of
from datavc.model.tree.empty import EMPTY_TREE

PLACE = Location(bytes(range(16)), 32, 100)


def test_everything_comes_back() -> None:
    record = StagedRecord(digest_of(b"a"), PLACE, 1, 2, 3)
    assert RecordBody.of(record).record() == record
    tree = TreeRef(digest_of(b"b"), PLACE, 4, 5)
    assert TreeBody.of(tree).tree() == tree
    assert TreeBody.of(EMPTY_TREE).tree() == EMPTY_TREE
    digests = [digest_of(b"a"), digest_of(b"b")]
    assert decode_digests(encode_digests(digests)) == digests
    chunks = [ChunkRef(digest, 7, PLACE) for digest in digests]
    assert decode_chunks(encode_chunks(chunks)) == chunks
    assert decode_chunks(encode_chunks([])) == []


@pytest.mark.parametrize("data", [b"", b"x", encode_chunks([ChunkRef(b"short", 7, PLACE)] * 2)])
def test_answers_that_are_none(data: bytes) -> None:
    with pytest.raises(DataCorrupt, match="lookup"):
        decode_chunks(data)


@pytest.mark.parametrize("pack", ["", "0" * 31, "A" * 32, "0" * 33, " " + "0" * 32, "g" * 32])
def test_ids_that_are_none(pack: str) -> None:
    with pytest.raises(InvalidInput, match="32 lower-case hex digits"):
        RecordBody("0" * 64, pack, 0, 1, 0, 0, 0).record()
