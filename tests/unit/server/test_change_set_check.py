"""Change sets that clients have stored are read in full before they are staged or committed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx
import msgspec
import pytest

from datavc.client.wire import RecordBody
from datavc.model import change_set
from datavc.model.change_set import ChangeSetWriter, StagedRecord
from datavc.model.entry import ChunkRef, Entry, EntryKind, Location
from datavc.model.external import External, Pin
from datavc.model.ids import digest_of
from datavc.store.record import RecordKind
from datavc.versioning.nodes import SessionSink
from datavc.versioning.versioned_store import VersionedStore

DATA = b"content"
DIGEST = digest_of(DATA)
ROUTES = ["staging", "commits"]


def store(vs: VersionedStore, changes: Sequence[tuple[str, Entry | None]]) -> StagedRecord:
    with vs.objects.session(vs.chunks) as session:
        writer = ChangeSetWriter(SessionSink(session))
        for path, entry in changes:
            writer.add(path, entry)
        record = writer.finish()
        session.finish()
    return record


def stored_entry(vs: VersionedStore) -> Entry:
    with vs.objects.session(vs.chunks) as session:
        ref = session.add_chunk(DIGEST, DATA)
        session.finish()
    return Entry(len(DATA), DIGEST, (ref,))


def bring(
    client: httpx.Client, repo: str, route: str, record: StagedRecord, **changes: object
) -> Any:
    body = msgspec.to_builtins(RecordBody.of(record)) | changes
    sent = body if route == "staging" else {"message": "m", "change_set": body}
    return client.post(f"/repos/{repo}/branches/main/{route}", json=sent)


def nothing_landed(client: httpx.Client, repo: str) -> bool:
    staged = client.get(f"/repos/{repo}/branches/main/staging").json()["items"]
    return staged == [] and client.get(f"/repos/{repo}/branches/main").json()["head"] is None


@pytest.mark.parametrize("route", ROUTES)
def test_a_sound_change_set(client, vs, repo, route) -> None:
    answer = bring(client, repo, route, store(vs, [("a", stored_entry(vs)), ("b", None)]))
    assert answer.status_code == 201
    assert not nothing_landed(client, repo)


def test_counts_are_the_servers_own(client, vs, repo) -> None:
    record = store(vs, [("a", stored_entry(vs)), ("b", None)])
    body = bring(client, repo, "staging", record, puts=99, removals=99, bytes=99).json()
    assert (body["puts"], body["removals"], body["bytes"]) == (1, 1, len(DATA))


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("path", ["../up", "/etc/passwd", "a//b", "a/./b", "a/", "x" * 300])
def test_paths_that_are_not_allowed(client, vs, repo, route, path) -> None:
    answer = bring(client, repo, route, store(vs, [(path, stored_entry(vs))]))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_path")
    assert nothing_landed(client, repo)


@pytest.mark.parametrize("route", ROUTES)
def test_paths_that_are_not_sorted(client, vs, repo, route, monkeypatch) -> None:
    monkeypatch.setattr(change_set, "SEGMENT_CHANGES", 1)
    entry = stored_entry(vs)
    with vs.objects.session(vs.chunks) as session:
        writer = ChangeSetWriter(SessionSink(session))
        for path in ("b", "a"):
            writer._last = None
            writer.add(path, entry)
        record = writer.finish()
        session.finish()
    answer = bring(client, repo, route, record)
    assert (answer.status_code, answer.json()["code"]) == (422, "data_corrupt")
    assert nothing_landed(client, repo)


@pytest.mark.parametrize("route", ROUTES)
def test_content_in_a_pack_that_is_not_registered(client, vs, repo, route) -> None:
    with vs.objects.session() as session:
        ref = session.add_chunk(DIGEST, DATA)
        session.finish()
    answer = bring(client, repo, route, store(vs, [("a", Entry(len(DATA), DIGEST, (ref,)))]))
    assert answer.status_code == 422
    assert "not registered" in answer.json()["detail"]
    assert nothing_landed(client, repo)


@pytest.mark.parametrize("route", ROUTES)
def test_content_behind_the_end_of_its_pack(client, vs, repo, route) -> None:
    place = stored_entry(vs).refs[0].location
    ref = ChunkRef(DIGEST, len(DATA), Location(place.pack, place.offset + 10**6, place.length))
    answer = bring(client, repo, route, store(vs, [("a", Entry(len(DATA), DIGEST, (ref,)))]))
    assert answer.status_code == 422
    assert nothing_landed(client, repo)


@pytest.mark.parametrize("route", ROUTES)
def test_content_that_does_not_add_up(client, vs, repo, route) -> None:
    refs = stored_entry(vs).refs * 2
    answer = bring(client, repo, route, store(vs, [("a", Entry(10**9, DIGEST, refs))]))
    assert answer.status_code == 422
    assert nothing_landed(client, repo)


@pytest.mark.parametrize("route", ROUTES)
def test_a_record_that_is_not_registered(client, vs, repo, route) -> None:
    with vs.objects.session() as session:
        writer = ChangeSetWriter(SessionSink(session))
        writer.add("a", None)
        record = writer.finish()
        session.finish()
    assert bring(client, repo, route, record).status_code == 422
    assert nothing_landed(client, repo)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"pack": "0" * 32}, 422),
        ({"digest": "0" * 64}, 422),
        ({"offset": 10**9}, 422),
        ({"offset": 33}, 422),
        ({"length": 10}, 422),
        ({"length": 10**12}, 422),
        ({"offset": -1}, 400),
        ({"pack": "../../etc"}, 400),
        ({"digest": "A" * 64}, 400),
        ({"digest": 7}, 422),
    ],
)
def test_records_that_are_not_there(client, vs, repo, route, changes, status) -> None:
    record = store(vs, [("a", stored_entry(vs))])
    assert bring(client, repo, route, record, **changes).status_code == status
    assert nothing_landed(client, repo)


@pytest.mark.parametrize("route", ROUTES)
def test_a_chunk_is_no_change_set(client, vs, repo, route) -> None:
    ref = stored_entry(vs).refs[0]
    answer = bring(client, repo, route, StagedRecord(ref.digest, ref.location, 0, 0, 0))
    assert answer.status_code == 422
    assert nothing_landed(client, repo)


GOOD = External.of("s3://bucket/key", 5, {Pin.ETAG: '"e"'})


def external_entry(vs: VersionedStore, payload: bytes, size: int = 5) -> Entry:
    digest = digest_of(payload)
    with vs.objects.session(vs.chunks) as session:
        location = session.add(RecordKind.EXTERNAL, digest, payload)
        session.finish()
    ref = ChunkRef(digest, size, location)
    return Entry(size, digest, (ref,), 1, kind=EntryKind.EXTERNAL)


@pytest.mark.parametrize("route", ROUTES)
def test_an_external_file(client, vs, repo, route) -> None:
    answer = bring(client, repo, route, store(vs, [("a", external_entry(vs, GOOD.encode()))]))
    assert answer.status_code == 201


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "payload",
    [
        b"anything",
        External.of("s3://bucket/key", 6, {Pin.ETAG: '"e"'}).encode(),
        External.of("s3://bucket/key", 5, {}).encode(),
        External.of("https://u:p@host/key", 5, {Pin.ETAG: '"e"'}).encode(),
        External.of("file:///a/../etc/passwd", 5, {Pin.MTIME_NS: "1"}).encode(),
        External.of("gopher://host/key", 5, {Pin.ETAG: '"e"'}).encode(),
        External.of("https://host/key?token=x", 5, {Pin.ETAG: '"e"'}).encode(),
    ],
)
def test_an_external_file_that_may_not_be_kept(client, vs, repo, route, payload) -> None:
    answer = bring(client, repo, route, store(vs, [("a", external_entry(vs, payload))]))
    assert (answer.status_code, answer.json()["code"]) == (422, "data_corrupt")
    assert nothing_landed(client, repo)


@pytest.mark.parametrize("route", ROUTES)
def test_an_external_file_whose_description_is_something_else(client, vs, repo, route) -> None:
    stored = stored_entry(vs)
    good = external_entry(vs, GOOD.encode())
    for entry in (
        replace(stored, kind=EntryKind.EXTERNAL, depth=1),
        replace(good, digest=DIGEST),
        replace(good, refs=(*good.refs, replace(good.refs[0], size=0))),
        replace(good, depth=0),
    ):
        record = store(vs, [("a", entry)])
        answer = bring(client, repo, route, record)
        assert (answer.status_code, answer.json()["code"]) == (422, "data_corrupt")
        assert nothing_landed(client, repo)
