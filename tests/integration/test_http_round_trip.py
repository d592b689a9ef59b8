"""Files in and out across HTTP, by each of the three ways that the bytes of packs may take."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

import datavc
from datavc.errors import NotFound, Purged
from datavc.store.key import pack_key
from tests.services.http_server import running_server

NOISE = random.Random(5).randbytes(20 * 1024 * 1024 + 3)

WAYS = ["directory", "stream", pytest.param("presigned", marks=pytest.mark.s3)]


def on_s3(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Point S3 clients at a real server, and name a place in it."""
    server: Any = request.getfixturevalue("s3_server")
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return f"s3://datavc-integration/{uuid4().hex}"


@pytest.fixture(params=WAYS)
def client(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[datavc.Client]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    way = request.param
    store = on_s3(request, monkeypatch) if way == "presigned" else None
    with ExitStack() as stack:
        url = stack.enter_context(
            running_server(tmp_path / "home", store=store, direct=way == "directory")
        )
        client = stack.enter_context(datavc.connect(url, author="ada"))
        assert client.describe()["transfer"] == way
        client.create_repo("data")
        yield client


def test_a_folder_goes_in_and_comes_out(client: datavc.Client, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep" / "er").mkdir(parents=True)
    (source / "big.bin").write_bytes(NOISE)
    (source / "empty").touch()
    for number in range(30):
        (source / "deep" / "er" / f"{number}.txt").write_text(f"{number}" * number)
    done = client.put(f"{source}/", "data", recursive=True, message="first")
    assert done.files == 32
    client.get("data", tmp_path / "out")
    for path in source.rglob("*"):
        if path.is_file():
            assert (tmp_path / "out" / path.relative_to(source)).read_bytes() == path.read_bytes()
    again = client.put(NOISE[:1000] + b"new" + NOISE[1000:], "data:/big.bin", message="second")
    assert 0 < again.stored_bytes < 3 * 1024 * 1024
    assert client.read("data:/big.bin", 990, 20) == NOISE[990:1000] + b"new" + NOISE[1000:1007]
    assert client.read("data@main~1:/big.bin", len(NOISE) - 5) == NOISE[-5:]


def test_what_is_staged_is_committed(client: datavc.Client) -> None:
    client.put(b"one", "data:/a")
    client.put(b"two", "data:/b")
    assert [change.path for change in client.staged_changes("data")] == ["a", "b"]
    commit = client.commit("data", "both")
    assert (commit.author, commit.files) == ("ada", 2)
    assert client.read("data:/b") == b"two"
    client.remove("data:/a", message="less")
    assert [info.path for info in client.ls("data")] == ["b"]


def test_a_put_that_fails_leaves_nothing(client: datavc.Client, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_bytes(NOISE)
    (tmp_path / "folder" / "b").symlink_to("nowhere")
    with pytest.raises(datavc.errors.DatavcError):
        client.put(f"{tmp_path}/folder/", "data", recursive=True, message="m")
    assert client.status("data").head is None
    assert list(client.staged_changes("data")) == []


def test_a_backend_keeps_to_the_contract(client: datavc.Client) -> None:
    client.put(NOISE[:100_000], "data:/a", message="m")
    objects = client.transport.objects
    info = next(one for one in objects.backend.list() if one.size > 100_000)
    whole = bytes(objects.backend.get(info.key))
    assert len(whole) == info.size == objects.backend.size(info.key)
    assert bytes(objects.backend.get(info.key, 7, 11)) == whole[7:18]
    assert bytes(objects.backend.get(info.key, 100)) == whole[100:]
    assert bytes(objects.backend.get(info.key, info.size)) == b""
    assert bytes(objects.backend.get(info.key, info.size, 0)) == b""
    for offset, length in ((info.size - 1, 2), (info.size + 1, None), (info.size + 1, 0)):
        with pytest.raises(datavc.errors.DataCorrupt):
            objects.backend.get(info.key, offset, length)
    missing = pack_key(bytes(16))
    with pytest.raises(NotFound):
        objects.backend.size(missing)
    with pytest.raises(NotFound):
        objects.backend.get(missing, 0, 10)


def test_an_aborted_upload_leaves_nothing(client: datavc.Client) -> None:
    objects = client.transport.objects
    key = pack_key(bytes(range(16)))
    writer = objects.backend.open_writer(key)
    for start in range(0, len(NOISE), 1_000_000):
        writer.write([NOISE[start : start + 1_000_000]])
    writer.abort()
    writer.abort()
    with pytest.raises(NotFound):
        objects.backend.size(key)
    assert list(objects.backend.list()) == []


@pytest.mark.s3
def test_s3_that_cannot_be_reached_from_here_is_streamed(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = on_s3(request, monkeypatch)
    monkeypatch.setattr("datavc.client.http_store._answers", lambda _probe: False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with (
        running_server(tmp_path / "home", store=store) as url,
        datavc.connect(url) as client,
    ):
        assert client.describe()["transfer"] == "stream"
        client.create_repo("data")
        client.put(NOISE, "data:/a", message="m")
        assert client.read("data:/a", 10**7, 10) == NOISE[10**7 : 10**7 + 10]


@pytest.mark.s3
def test_part_urls_are_worth_nothing_once_a_pack_is_complete(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = on_s3(request, monkeypatch)
    with (
        running_server(tmp_path / "home", store=store) as url,
        httpx.Client(base_url=f"{url}/api/v1") as http,
    ):
        pack = "0" * 31 + "1"
        upload = http.post(f"/packs/{pack}/upload").json()["upload"]
        assert http.post(f"/packs/{pack}/upload").status_code == 409
        query = {"upload": upload, "first": 1}
        (part,) = http.get(f"/packs/{pack}/upload/parts", params=query).json()["urls"]
        tag = httpx.put(part, content=b"first").headers["ETag"]
        done = http.post(
            f"/packs/{pack}/upload/complete", params={"upload": upload}, json={"tags": [tag]}
        )
        assert done.status_code == 204
        httpx.put(part, content=b"other")
        assert http.get(f"/packs/{pack}").content == b"first"
        assert httpx.get(http.get(f"/packs/{pack}/url").json()["url"]).content == b"first"
        assert http.post(f"/packs/{pack}/upload").status_code == 409


@pytest.mark.s3
def test_an_upload_outlives_the_server_that_began_it(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = on_s3(request, monkeypatch)
    path = "/packs/" + "0" * 31 + "2"

    def begin(content: bytes) -> tuple[str, str]:
        with requests_to_new_server(tmp_path / "home", store) as http:
            upload = http.post(f"{path}/upload").json()["upload"]
            query = {"upload": upload, "first": 1}
            (part,) = http.get(f"{path}/upload/parts", params=query).json()["urls"]
            return upload, httpx.put(part, content=content).headers["ETag"]

    def complete(upload: str, tag: str) -> int:
        with requests_to_new_server(tmp_path / "home", store) as http:
            place, body = f"{path}/upload/complete", {"tags": [tag]}
            return http.post(place, params={"upload": upload}, json=body).status_code

    first, other = begin(b"first"), begin(b"other")
    assert complete(*first) == 204
    # A pack that is there is not replaced.
    assert complete(*other) == 409
    with requests_to_new_server(tmp_path / "home", store) as http:
        assert http.get(path).content == b"first"


@pytest.mark.s3
def test_an_upload_whose_answers_were_lost(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = on_s3(request, monkeypatch)
    path = "/packs/" + "0" * 31 + "3"
    key = {"Idempotency-Key": "0123456789abcdef"}
    with requests_to_new_server(tmp_path / "home", store) as http:
        upload = http.post(f"{path}/upload", headers=key).json()["upload"]
        assert http.post(f"{path}/upload", headers=key).json()["upload"] == upload
        other = {"Idempotency-Key": "fedcba9876543210"}
        assert http.post(f"{path}/upload", headers=other).status_code == 409
        (part,) = http.get(f"{path}/upload/parts", params={"upload": upload, "first": 1}).json()[
            "urls"
        ]
        tag = httpx.put(part, content=b"content").headers["ETag"]

        def complete(where: httpx.Client) -> int:
            place, body = f"{path}/upload/complete", {"tags": [tag]}
            return where.post(place, params={"upload": upload}, json=body).status_code

        assert [complete(http), complete(http)] == [204, 204]
    with requests_to_new_server(tmp_path / "home", store) as http:
        assert complete(http) == 204
        assert http.get(path).content == b"content"
        nothing = f"/packs/{'0' * 31}4/upload/complete"
        asked = http.post(nothing, params={"upload": upload}, json={"tags": [tag]})
        assert asked.status_code == 404


@contextmanager
def requests_to_new_server(home: Path, store: str) -> Iterator[httpx.Client]:
    with running_server(home, store=store) as url, httpx.Client(base_url=f"{url}/api/v1") as http:
        yield http


def test_what_was_moved_or_purged_is_known_to_clients(client: datavc.Client) -> None:
    client.create_repo("scratch")
    for name, size in (("gone", 2 * 1024 * 1024), ("kept", 1000)):
        client.put(NOISE[:size], f"scratch:/{name}", message=name)
    client.put(NOISE[-3_000_000:], "data:/secret", message="secret")
    client.put(NOISE[:1_000_000], "data:/half", message="half")
    client.delete_repo("scratch")
    client.purge("data", "secret")
    client.gc(grace_s=0, unreachable_keep_s=0)
    assert client.read("data:/half") == NOISE[:1_000_000]
    with pytest.raises(Purged):
        client.read("data:/secret")
    assert client.fsck(deep=True).is_sound
