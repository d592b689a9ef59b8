"""Packs that clients bring are read in full before anything is made of them."""

from __future__ import annotations

import os
from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import func, select

from datavc.db import packs
from datavc.db.tables import Chunk
from datavc.model.entry import ChunkRef, Location
from datavc.model.external import External, Pin
from datavc.model.ids import digest_of, new_id
from datavc.store.backends.memory import MemoryBackend
from datavc.store.chunk_list import encode_chunk_list
from datavc.store.compression import Compressor
from datavc.store.key import pack_key
from datavc.store.pack import PACK_TRAILER_SIZE, PackWriter
from datavc.store.record import EncodedRecord, RecordKind, encode_record
from datavc.versioning.versioned_store import VersionedStore

CONTENT = b"some content " * 100


def build(*records: EncodedRecord, pack: str | None = None) -> tuple[str, bytes]:
    """The id and the bytes of a pack that holds *records*."""
    backend = MemoryBackend()
    name = pack or new_id()
    writer = PackWriter(backend, bytes.fromhex(name))
    writer.write(records)
    writer.close()
    return name, bytes(backend.get(pack_key(bytes.fromhex(name))))


def chunk(data: bytes = CONTENT, digest: bytes | None = None) -> EncodedRecord:
    return encode_record(RecordKind.CHUNK, digest or digest_of(data), data, Compressor())


def bring(client: httpx.Client, pack: str, data: bytes) -> tuple[int, dict[str, object]]:
    assert client.put(f"/packs/{pack}", content=data).status_code == 201
    answer = client.post(f"/packs/{pack}")
    return answer.status_code, answer.json()


def known(vs: VersionedStore, pack: str) -> int:
    """How many chunks of *pack* are known; -1 when the pack is not."""
    with vs.db.read() as conn:
        if packs.find(conn, bytes.fromhex(pack)) is None:
            return -1
        query = select(func.count()).where(Chunk.c.pack == bytes.fromhex(pack))
        return conn.execute(query).scalar_one()


def test_a_sound_pack(client, vs) -> None:
    content = os.urandom(1000)
    pack, data = build(chunk(content), chunk(b"x"))
    assert known(vs, pack) == -1
    status, body = bring(client, pack, data)
    assert status == 201
    assert (body["id"], body["size"], body["chunks"]) == (pack, len(data), 2)
    ref = vs.chunks.lookup([digest_of(content)])[digest_of(content)]
    assert ref.location.pack.hex() == pack
    assert bytes(vs.objects.read(ref.location, ref.digest, RecordKind.CHUNK)) == content
    assert client.post(f"/packs/{pack}").json() == body
    listed = client.get("/packs").json()
    assert pack in [one["id"] for one in listed["items"]]


def wrong_digest() -> tuple[str, bytes]:
    return build(chunk(digest=digest_of(b"something else")))


def changed_payload() -> tuple[str, bytes]:
    pack, data = build(chunk())
    return pack, data[:100] + bytes([data[100] ^ 1]) + data[101:]


def cut_short() -> tuple[str, bytes]:
    pack, data = build(chunk())
    return pack, data[:-1]


def empty() -> tuple[str, bytes]:
    return new_id(), b""


def no_pack_at_all() -> tuple[str, bytes]:
    return new_id(), bytes(10_000)


def of_another_id() -> tuple[str, bytes]:
    return new_id(), build(chunk())[1]


def damaged_index() -> tuple[str, bytes]:
    pack, data = build(chunk())
    at = len(data) - PACK_TRAILER_SIZE - 5
    return pack, data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def index_of_another_size() -> tuple[str, bytes]:
    kind, digest, size, header, payload = chunk()
    return build((kind, digest, size + 1, header, payload))


def index_of_another_digest() -> tuple[str, bytes]:
    kind, _, size, header, payload = chunk()
    return build((kind, digest_of(b"y"), size, header, payload))


def enormous_size() -> tuple[str, bytes]:
    kind, digest, _, header, payload = chunk()
    return build((kind, digest, 2**32 - 1, header, payload))


def a_node() -> tuple[str, bytes]:
    return build(encode_record(RecordKind.NODE, digest_of(CONTENT), CONTENT, Compressor()))


def an_unknown_kind() -> tuple[str, bytes]:
    _, digest, size, header, payload = chunk()
    return build((77, digest, size, header, payload))


def list_of_chunks_elsewhere() -> tuple[str, bytes]:
    ref = ChunkRef(digest_of(b"z"), 1, Location(bytes(16), 32, 65))
    digest, payload = encode_chunk_list([ref], 0)
    return build(encode_record(RecordKind.CHUNK_LIST, digest, payload, Compressor()))


def list_of_another_digest() -> tuple[str, bytes]:
    digest, payload = digest_of(b"list"), encode_chunk_list([], 0)[1]
    return build(encode_record(RecordKind.CHUNK_LIST, digest, payload, Compressor()))


def change_set_of_another_digest() -> tuple[str, bytes]:
    return build(encode_record(RecordKind.CHANGE_SET, digest_of(b"s"), CONTENT, Compressor()))


@pytest.mark.parametrize(
    "make",
    [
        wrong_digest,
        changed_payload,
        cut_short,
        empty,
        no_pack_at_all,
        of_another_id,
        damaged_index,
        index_of_another_size,
        index_of_another_digest,
        enormous_size,
        a_node,
        an_unknown_kind,
        list_of_chunks_elsewhere,
        list_of_another_digest,
        change_set_of_another_digest,
    ],
)
def test_whatever_is_not_what_it_claims_to_be_is_refused(
    client, vs, make: Callable[[], tuple[str, bytes]]
) -> None:
    pack, data = make()
    status, body = bring(client, pack, data)
    assert status == 422
    assert body["code"] in ("data_corrupt", "unknown_format", "invalid_input")
    assert known(vs, pack) == -1


def test_a_list_of_chunks_in_the_same_pack(client, vs) -> None:
    first = chunk()
    pack = new_id()
    ref = ChunkRef(
        digest_of(CONTENT),
        len(CONTENT),
        Location(bytes.fromhex(pack), 32, len(first[3]) + len(first[4])),
    )
    digest, payload = encode_chunk_list([ref], 0)
    listed = encode_record(RecordKind.CHUNK_LIST, digest, payload, Compressor())
    assert bring(client, *build(first, listed, pack=pack))[0] == 201
    assert vs.chunks.lookup([digest])[digest].size == len(CONTENT)


def test_a_pack_is_written_once(client) -> None:
    pack, data = build(chunk())
    assert client.put(f"/packs/{pack}", content=data).status_code == 201
    for _ in range(2):
        answer = client.put(f"/packs/{pack}", content=b"other")
        assert (answer.status_code, answer.json()["code"]) == (409, "already_exists")
        client.post(f"/packs/{pack}")
    assert client.get(f"/packs/{pack}").content == data


def test_a_registered_pack_cannot_be_dropped(client) -> None:
    pack, data = build(chunk())
    bring(client, pack, data)
    assert client.delete(f"/packs/{pack}").status_code == 409
    assert client.get(f"/packs/{pack}").content == data


def test_an_upload_that_was_not_registered_can(client, vs) -> None:
    pack, data = build(chunk())
    client.put(f"/packs/{pack}", content=data)
    assert client.delete(f"/packs/{pack}").status_code == 204
    assert client.get(f"/packs/{pack}").status_code == 404
    assert list(vs.objects.backend.list(pack_key(bytes.fromhex(pack)))) == []


def test_a_pack_that_somebody_else_is_about_to_register_cannot(client, vs) -> None:
    with vs.objects.session() as session:
        session.add_chunk(digest_of(CONTENT), CONTENT)
        (finished,) = session.finish()
    assert client.delete(f"/packs/{finished.pack.hex()}").status_code == 409
    assert vs.objects.footer(finished.pack).size == finished.size


@pytest.mark.parametrize(
    "pack", ["", "x" * 32, "0" * 31, "0" * 33, "A" * 32, "..%2F..%2Fdatavc.db", "%2e%2e", "0" * 64]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST", "DELETE"])
def test_only_ids_name_packs(client, pack: str, method: str) -> None:
    assert client.request(method, f"/packs/{pack}").status_code in (404, 405, 422) or not pack


def test_a_pack_that_was_not_uploaded(client) -> None:
    assert client.post(f"/packs/{'0' * 32}").status_code == 404
    assert client.get(f"/packs/{'0' * 32}").status_code == 404


def test_ranges_of_a_pack(client) -> None:
    pack, data = build(chunk())
    bring(client, pack, data)
    answer = client.get(f"/packs/{pack}", headers={"Range": "bytes=8-19"})
    assert (answer.status_code, answer.content) == (206, data[8:20])
    assert answer.headers["Content-Range"] == f"bytes 8-19/{len(data)}"
    answer = client.get(f"/packs/{pack}", headers={"Range": f"bytes={len(data)}-"})
    assert answer.status_code == 416
    answer = client.head(f"/packs/{pack}")
    assert (answer.content, answer.headers["Content-Length"]) == (b"", str(len(data)))


def test_descriptions_of_external_files_are_read(client, vs) -> None:
    good = External.of("s3://bucket/key", 5, {Pin.ETAG: '"e"'}).encode()
    bad = External.of("https://u:p@host/key", 5, {Pin.ETAG: '"e"'}).encode()
    compressor = Compressor()
    assert bring(client, *build(external(good, compressor)))[0] == 201
    for payload in (bad, b"anything"):
        pack, data = build(external(payload, compressor))
        status, body = bring(client, pack, data)
        assert (status, body["code"]) == (422, "data_corrupt")
        assert known(vs, pack) == -1


def external(payload: bytes, compressor: Compressor) -> EncodedRecord:
    return encode_record(RecordKind.EXTERNAL, digest_of(payload), payload, compressor)
