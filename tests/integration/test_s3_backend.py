"""What only a real S3 server can show."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from datavc.errors import AccessDenied, InvalidAddress, StoreUnavailable
from datavc.store.backends import s3
from datavc.store.backends.s3 import PART_SIZE, S3Backend
from datavc.store.content import ContentWriter, read_content, write_content
from datavc.store.objects import ObjectStore
from datavc.store.open import open_backend

pytestmark = pytest.mark.s3

#: All tests share a bucket, each below a prefix of its own: the server sets much space aside for
#: each bucket that is written to.
BUCKET = "datavc-integration"
NOISE = random.Random(11).randbytes(3 * PART_SIZE + 17)


def connect(server: Any, bucket: str, **changes: str) -> S3Backend:
    settings = {
        "endpoint": server.endpoint,
        "access_key": server.access_key,
        "secret_key": server.secret_key,
        "region": "us-east-1",
    }
    return S3Backend(bucket, f"some/{uuid4().hex}", **(settings | changes))


def client(server: Any) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        region_name="us-east-1",
    )


@pytest.fixture
def backend(s3_server: Any) -> S3Backend:
    made = connect(s3_server, BUCKET)
    made.ensure_bucket()
    return made


def test_bucket_is_made_once(s3_server: Any) -> None:
    backend = connect(s3_server, f"datavc-{uuid4().hex}")
    with pytest.raises(StoreUnavailable, match="NoSuchBucket"):
        list(backend.list())
    backend.ensure_bucket()
    backend.ensure_bucket()
    assert list(backend.list()) == []
    names = [found["Name"] for found in client(s3_server).list_buckets()["Buckets"]]
    assert names.count(backend.bucket) == 1


def test_objects_lie_under_the_prefix(s3_server: Any, backend: S3Backend) -> None:
    backend.put("packs/a", b"x")
    found = client(s3_server).list_objects_v2(Bucket=BUCKET, Prefix=backend.prefix)["Contents"]
    assert [item["Key"] for item in found] == [f"{backend.prefix}/packs/a"]


def test_upload_in_parts(backend: S3Backend) -> None:
    writer = backend.open_writer("large")
    for start in range(0, len(NOISE), 1_000_000):
        writer.write([NOISE[start : start + 1_000_000]])
    writer.close()
    assert bytes(backend.get("large")) == NOISE
    assert bytes(backend.get("large", PART_SIZE - 5, 10)) == NOISE[PART_SIZE - 5 :][:10]


def test_aborted_upload_leaves_no_parts(s3_server: Any, backend: S3Backend) -> None:
    writer = backend.open_writer("dropped")
    writer.write([NOISE])
    writer.write([NOISE])
    writer.abort()
    pending = client(s3_server).list_multipart_uploads(Bucket=BUCKET, Prefix=backend.prefix)
    assert "Uploads" not in pending
    assert list(backend.list()) == []


def test_wrong_secret(s3_server: Any, backend: S3Backend) -> None:
    stranger = connect(s3_server, backend.bucket, secret_key="wrong")
    for call in (
        lambda: stranger.put("a", b"x"),
        lambda: stranger.get("a"),
        lambda: stranger.size("a"),
        lambda: list(stranger.list()),
        stranger.ensure_bucket,
    ):
        with pytest.raises(AccessDenied):
            call()


def test_no_credentials(s3_server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(AccessDenied, match="no credentials"):
        S3Backend("some-bucket", endpoint=s3_server.endpoint)


@pytest.mark.parametrize(
    ("variable", "value"), [("AWS_PROFILE", "no-such"), ("AWS_CA_BUNDLE", " ")]
)
def test_malformed_configuration(
    s3_server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidAddress, match="some-bucket"):
        connect(s3_server, "some-bucket").ensure_bucket()


def test_malformed_endpoint(s3_server: Any) -> None:
    with pytest.raises(InvalidAddress, match="some-bucket"):
        connect(s3_server, "some-bucket", endpoint="not a url").ensure_bucket()


def test_server_that_does_not_answer(s3_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "REQUEST_RETRIES", 0)
    away = connect(s3_server, "some-bucket", endpoint="http://127.0.0.1:9")
    with pytest.raises(StoreUnavailable, match="reading 'a'"):
        away.get("a")


def test_content_through_an_opened_address(
    s3_server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_key)
    objects = ObjectStore(open_backend(f"s3://{BUCKET}/{uuid4().hex}"))
    path = tmp_path / "file"
    path.write_bytes(NOISE)
    with objects.session() as session:
        writer = ContentWriter(session)
        entry = writer.write_file(path)
        small = writer.write_small([b"small", b"files"])
        session.finish()
    with (tmp_path / "back").open("wb+") as file:
        write_content(objects, entry, file.fileno())
        file.seek(0)
        assert file.read() == NOISE
    assert [b"".join(read_content(objects, found)) for found in small] == [b"small", b"files"]
