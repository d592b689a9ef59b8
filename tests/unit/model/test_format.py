"""The byte layout of nodes, change sets and commits, pinned by files that never change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from datavc.errors import DataCorrupt, UnknownFormat
from datavc.model import change_set
from datavc.model.change_set import ChangeSetWriter, read_change_set
from datavc.model.commit import Commit, Provenance, TreeRef, encode_identity
from datavc.model.entry import EMPTY_FOLDER, Change, ChunkRef, Entry, EntryKind, Location
from datavc.model.external import External, Pin, decode_external
from datavc.model.ids import digest_of
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.node import (
    ChildRef,
    EncodedNode,
    Inner,
    Leaf,
    decode_node,
    encode_inner,
    encode_leaf,
)
from datavc.model.tree.shape import STANDARD_SHAPE
from datavc.testing.strategies import NodeMemory

FIXTURES = Path(__file__).parents[2] / "fixtures" / "format"

PACKS = (bytes(range(16)), bytes(range(16, 32)))


def chunk(number: int, pack: int = 0) -> ChunkRef:
    place = Location(PACKS[pack], 32 + number * 1000, 164 + number)
    return ChunkRef(digest_of(b"chunk %d" % number), 100 + number, place)


def single(number: int, pack: int = 0, *, executable: bool = False) -> Entry:
    ref = chunk(number, pack)
    return Entry(ref.size, ref.digest, (ref,), 0, executable)


ENTRIES: list[tuple[str, Entry]] = [
    ("a/empty", Entry(0, digest_of(b""))),
    ("a/one", single(1)),
    ("a/run.sh", single(2, 1, executable=True)),
    ("b/two", Entry(207, digest_of(b"two"), (chunk(3), chunk(4, 1)))),
    ("b/würfel", Entry(105, digest_of(b"deep"), (chunk(5),), 2)),
]
#: What came to entries later; a reader that does not know it refuses the leaf.
KINDS: list[tuple[str, Entry]] = [
    ("empty/", EMPTY_FOLDER),
    ("external", Entry(10**9, digest_of(b"where"), (chunk(6),), 1, False, EntryKind.EXTERNAL)),
    ("link", replace(single(7), kind=EntryKind.SYMLINK)),
]
CHILDREN = [
    ChildRef("a/empty", digest_of(b"left"), Location(PACKS[0], 5000, 900), 3, 203, 0),
    ChildRef("b/two", digest_of(b"right"), Location(PACKS[1], 32, 700), 2, 312, 0),
]
CHANGES: list[Change] = [*ENTRIES[:2], ("a/pruned", None), *ENTRIES[3:]]
COMMIT = Commit(
    repo="model",
    tree=TreeRef(digest_of(b"tree"), Location(PACKS[0], 5000, 900), 5, 515),
    parents=("ab" * 32,),
    author="pipeline train",
    message="train@3: job 1",
    time_us=1_700_000_000_000_000,
    provenance=Provenance(("01" * 32, "cd" * 32), "train@3", "ef" * 32),
    run_id="0" * 32,
)
EXTERNAL = External.of(
    "s3://bucket/w%C3%BCrfel/a",
    10**9,
    {Pin.ETAG: '"0cc175b9c0f1b6a831c399e269772661-3"', Pin.VERSION: "3sL4kqtJlcpXroDTDmJ"},
)
#: Digests of what the fixture files hold, and the id of the commit.
LEAF_DIGEST = "89c0e9b49d2321dca21e9ada5fbe4d9e71964c7a5172ba5901dbe685b36b1411"
INNER_DIGEST = "e1ed30147a692de842817019fcba23da33e93434bf3d818a2672acc8a9b45b98"
KINDS_DIGEST = "076dadd2f355c91956a598602fabba4a056d111bfa44aa64bc33f6959d6f02d6"
EXTERNAL_DIGEST = "da58cc076fed111513d8a312cefb1ec8660223a09aa99419e8aca44774a8904e"
EMPTY_DIGEST = "fcd5e82fe75ca093a5b2c8338dbc91ef8bcccc663e9c837d52124344e353d53c"
COMMIT_ID = "56509c65b9832c43dd5f7325693f278b519a2ddffb4cbce1f47e20f78b76f291"


def pinned(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "node", "digest"),
    [
        ("leaf-v1.bin", encode_leaf(ENTRIES), LEAF_DIGEST),
        ("leaf-kinds-v1.bin", encode_leaf(KINDS), KINDS_DIGEST),
        ("inner-v1.bin", encode_inner(1, CHILDREN), INNER_DIGEST),
    ],
)
def test_nodes_are_written_as_ever(name: str, node: EncodedNode, digest: str) -> None:
    assert node.payload == pinned(name)
    assert node.digest.hex() == digest


def test_a_pinned_leaf_is_read() -> None:
    leaf = decode_node(pinned("leaf-v1.bin"), bytes.fromhex(LEAF_DIGEST))
    assert isinstance(leaf, Leaf)
    assert list(zip(leaf.paths, leaf.entries(), strict=True)) == ENTRIES
    assert [leaf.entry(index) for index in range(5)] == [entry for _, entry in ENTRIES]


def test_a_pinned_leaf_of_links_and_marks_is_read() -> None:
    leaf = decode_node(pinned("leaf-kinds-v1.bin"), bytes.fromhex(KINDS_DIGEST))
    assert isinstance(leaf, Leaf)
    assert list(zip(leaf.paths, leaf.entries(), strict=True)) == KINDS
    assert [leaf.entry(index) for index in range(3)] == [entry for _, entry in KINDS]


def test_a_pinned_inner_node_is_read() -> None:
    inner = decode_node(pinned("inner-v1.bin"), bytes.fromhex(INNER_DIGEST))
    assert isinstance(inner, Inner)
    assert [inner.child(index) for index in range(len(inner))] == CHILDREN


def test_moving_bytes_changes_no_digest() -> None:
    moved = [
        (path, Entry(entry.size, entry.digest, (), 0, entry.executable)) for path, entry in ENTRIES
    ]
    assert encode_leaf(moved).digest.hex() == LEAF_DIGEST
    assert encode_leaf(moved).payload != pinned("leaf-v1.bin")


def test_change_sets_are_written_as_ever_and_read() -> None:
    memory = NodeMemory()
    writer = ChangeSetWriter(memory)
    for path, entry in CHANGES:
        writer.add(path, entry)
    record = writer.finish()
    assert memory.load_change_set(record.digest, record.location) == pinned("change-set-v1.bin")
    digest = digest_of(pinned("change-set-v1.bin"))
    place = memory.save_change_set(digest, pinned("change-set-v1.bin"))
    assert list(read_change_set(place, digest, memory)) == CHANGES


def test_long_change_sets_are_written_as_ever_and_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_set, "SEGMENT_CHANGES", 2)
    memory = NodeMemory()
    writer = ChangeSetWriter(memory)
    for path, entry in CHANGES:
        writer.add(path, entry)
    record = writer.finish()
    index = memory.load_change_set(record.digest, record.location)
    assert index == pinned("change-set-index-v1.bin")
    assert list(read_change_set(record.location, digest_of(index), memory)) == CHANGES


def test_external_files_are_described_as_ever_and_read() -> None:
    assert EXTERNAL.encode() == pinned("external-v1.bin")
    assert decode_external(pinned("external-v1.bin")) == EXTERNAL
    assert EXTERNAL.digest.hex() == EXTERNAL_DIGEST


def test_commits_are_identified_as_ever() -> None:
    assert encode_identity(COMMIT) == pinned("commit-v1.bin")
    assert COMMIT.id == COMMIT_ID


def test_the_empty_tree() -> None:
    assert EMPTY_TREE.digest.hex() == EMPTY_DIGEST
    assert EMPTY_TREE.location is None


def test_where_nodes_end_is_part_of_the_format() -> None:
    ends = [n for n in range(2000) if STANDARD_SHAPE.ends_node(0, f"file-{n}", 1, 0)]
    assert ends[:6] == [214, 638, 903, 1046, 1217, 1668]
    inner = [n for n in range(2000) if STANDARD_SHAPE.ends_node(1, f"file-{n}", 2, 0)]
    assert inner[:6] == [44, 124, 285, 342, 453, 546]
    assert not STANDARD_SHAPE.ends_node(1, f"file-{inner[0]}", 1, 0)
    assert STANDARD_SHAPE.ends_node(0, "x", 1024, 0)
    assert STANDARD_SHAPE.ends_node(0, "x", 1, 128 * 1024)


def decode_whole(payload: bytes, digest: bytes) -> None:
    node = decode_node(payload, digest)
    if isinstance(node, Leaf):
        node.entries()


@pytest.mark.parametrize("name", ["leaf-v1.bin", "inner-v1.bin"])
def test_damage_is_noticed(name: str) -> None:
    whole = pinned(name)
    digest = bytes.fromhex(LEAF_DIGEST if name.startswith("leaf") else INNER_DIGEST)
    for damaged in (whole[:-10], b"", b"\xc1" + whole, whole[:20] + b"?" + whole[21:]):
        with pytest.raises(DataCorrupt):
            decode_whole(damaged, digest)


def test_an_unknown_property_says_to_upgrade() -> None:
    import msgspec

    logical, physical = msgspec.msgpack.decode(pinned("leaf-v1.bin"))
    columns = msgspec.msgpack.decode(logical)
    columns[4] = b"\x80" + columns[4][1:]
    newer = msgspec.msgpack.encode(columns)
    payload = msgspec.msgpack.encode([newer, physical])
    with pytest.raises(UnknownFormat, match="newer datavc"):
        decode_node(payload, digest_of(newer))
