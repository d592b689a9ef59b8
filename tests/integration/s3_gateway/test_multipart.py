"""Uploads in parts: joined, listed, aborted, spoilt, killed in the middle, and kept by gc."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

import datavc
from datavc.versioning.gc import collect_garbage
from tests.integration.s3_gateway.test_objects import get, keys, put, refusal
from tests.services.s3_gateway import S3Gateway
from tests.services.server_process import ServerProcess

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART = 5 * 1024 * 1024


def begin(s3: S3Client, repo: str, key: str = "main/big", **more: Any) -> str:
    return s3.create_multipart_upload(Bucket=repo, Key=key, **more)["UploadId"]


def send(s3: S3Client, repo: str, upload: str, number: int, data: bytes, **more: Any) -> Any:
    answer = s3.upload_part(
        Bucket=repo, Key="main/big", UploadId=upload, PartNumber=number, Body=data, **more
    )
    return {"PartNumber": number, "ETag": answer["ETag"]}


def complete(s3: S3Client, repo: str, upload: str, parts: list[Any], **more: Any) -> Any:
    return s3.complete_multipart_upload(
        Bucket=repo, Key="main/big", UploadId=upload, MultipartUpload={"Parts": parts}, **more
    )


@pytest.fixture
def pieces() -> list[bytes]:
    return [os.urandom(PART), os.urandom(PART + 1), b"the end"]


def test_parts_become_the_object(
    gateway: S3Gateway, s3: S3Client, repo: str, pieces: list[bytes]
) -> None:
    upload = begin(s3, repo)
    parts = [
        send(s3, repo, upload, 10 * at, data) for at, data in reversed([*enumerate(pieces, 1)])
    ]
    assert keys(s3, repo) == []
    assert refusal(complete, s3, repo, upload, parts) == (400, "InvalidPartOrder")
    answer = complete(s3, repo, upload, parts[::-1])
    assert get(s3, repo, "main/big") == b"".join(pieces)
    # It is the same content as if it had come at once.
    assert answer["ETag"] == put(s3, repo, "main/at-once", b"".join(pieces))
    assert refusal(complete, s3, repo, upload, parts[::-1]) == (404, "NoSuchUpload")


def test_a_part_may_come_again_and_be_left_out(
    s3: S3Client, repo: str, pieces: list[bytes]
) -> None:
    upload = begin(s3, repo)
    first = send(s3, repo, upload, 1, pieces[0])
    again = send(s3, repo, upload, 1, pieces[1])
    send(s3, repo, upload, 2, pieces[0])
    assert refusal(complete, s3, repo, upload, [first]) == (400, "InvalidPart")
    assert refusal(complete, s3, repo, upload, []) == (400, "MalformedXML")
    complete(s3, repo, upload, [again])
    assert get(s3, repo, "main/big") == pieces[1]


def test_lists(s3: S3Client, repo: str) -> None:
    uploads = sorted((key, begin(s3, repo, key)) for key in ("main/big", "main/big", "main/a"))
    found = s3.list_multipart_uploads(Bucket=repo)["Uploads"]
    assert [(one["Key"], one["UploadId"]) for one in found] == uploads
    page = s3.list_multipart_uploads(Bucket=repo, MaxUploads=2)
    rest = s3.list_multipart_uploads(
        Bucket=repo, KeyMarker=page["NextKeyMarker"], UploadIdMarker=page["NextUploadIdMarker"]
    )
    listed = [*page["Uploads"], *rest["Uploads"]]
    assert [(one["Key"], one["UploadId"]) for one in listed] == uploads
    upload = uploads[1][1]
    sent = [send(s3, repo, upload, number, b"x" * number)["ETag"] for number in (1, 2, 7)]
    first = s3.list_parts(Bucket=repo, Key="main/big", UploadId=upload, MaxParts=2)
    assert first["IsTruncated"]
    second = s3.list_parts(
        Bucket=repo, Key="main/big", UploadId=upload,
        PartNumberMarker=first["NextPartNumberMarker"],
    )  # fmt: skip
    parts = [*first["Parts"], *second["Parts"]]
    assert [(one["PartNumber"], one["Size"], one["ETag"]) for one in parts] == [
        (1, 1, sent[0]), (2, 2, sent[1]), (7, 7, sent[2]),
    ]  # fmt: skip


def test_an_aborted_upload_is_gone(s3: S3Client, repo: str) -> None:
    upload = begin(s3, repo)
    part = send(s3, repo, upload, 1, b"x")
    s3.abort_multipart_upload(Bucket=repo, Key="main/big", UploadId=upload)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=repo)
    assert refusal(send, s3, repo, upload, 2, b"x") == (404, "NoSuchUpload")
    assert refusal(complete, s3, repo, upload, [part]) == (404, "NoSuchUpload")


def test_parts_are_copied(s3: S3Client, repo: str, pieces: list[bytes]) -> None:
    put(s3, repo, "main/source", pieces[0])
    upload = begin(s3, repo)
    parts: list[Any] = []
    for number, span in enumerate((None, "bytes=3-4999999"), 1):
        more: Any = {} if span is None else {"CopySourceRange": span}
        answer = s3.upload_part_copy(
            Bucket=repo, Key="main/big", UploadId=upload, PartNumber=number,
            CopySource=f"{repo}/main/source", **more,
        )  # fmt: skip
        parts.append({"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]})
    complete(s3, repo, upload, parts)
    assert get(s3, repo, "main/big") == pieces[0] + pieces[0][3:5_000_000]


def test_checksums_of_parts_and_of_the_whole(s3: S3Client, repo: str) -> None:
    upload = begin(s3, repo, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    parts = [send(s3, repo, upload, 1, b"12345"), send(s3, repo, upload, 2, b"6789")]
    wrong = refusal(complete, s3, repo, upload, parts, ChecksumCRC32="AAAAAA==")
    assert wrong == (400, "BadDigest")
    spoilt = [{**parts[0], "ChecksumCRC32": "AAAAAA=="}, parts[1]]
    assert refusal(complete, s3, repo, upload, spoilt) == (400, "InvalidPart")
    complete(s3, repo, upload, parts, ChecksumCRC32="y/Q5Jg==")


def test_a_condition_holds_when_the_object_lands(s3: S3Client, repo: str) -> None:
    upload = begin(s3, repo)
    parts = [send(s3, repo, upload, 1, b"x")]
    put(s3, repo, "main/big", b"meanwhile")
    refused = refusal(complete, s3, repo, upload, parts, IfNoneMatch="*")
    assert refused == (412, "PreconditionFailed")
    assert get(s3, repo, "main/big") == b"meanwhile"


def test_a_message_at_the_beginning_commits_at_the_end(
    gateway: S3Gateway, s3: S3Client, repo: str
) -> None:
    upload = begin(s3, repo, Metadata={"datavc-commit": "a big one"})
    parts = [send(s3, repo, upload, 1, b"x")]
    answer = complete(s3, repo, upload, parts)
    assert "x-datavc-commit" in answer["ResponseMetadata"]["HTTPHeaders"]
    assert get(s3, repo, "main~0/big") == b"x"


def test_gc_keeps_the_parts_of_an_upload(
    gateway: S3Gateway, s3: S3Client, repo: str, pieces: list[bytes]
) -> None:
    upload, aborted = begin(s3, repo), begin(s3, repo)
    parts = [send(s3, repo, upload, 1, pieces[0])]
    send(s3, repo, aborted, 1, pieces[1])
    s3.abort_multipart_upload(Bucket=repo, Key="main/big", UploadId=aborted)
    collected = collect_garbage(gateway.vs, grace_s=0, unreachable_keep_s=-1, dead_bytes=10_000)
    assert collected.dropped_bytes + collected.rewritten_bytes > PART
    parts.append(send(s3, repo, upload, 2, pieces[2]))
    complete(s3, repo, upload, parts)
    assert get(s3, repo, "main/big") == pieces[0] + pieces[2]


class _Killable:
    """A server with a gateway, in a process that is killed and started again."""

    def __init__(self, home: Path) -> None:
        self._server = ServerProcess(home)
        with datavc.connect(home=home) as client:
            client.create_repo("data")
            self._key = client.create_s3_key("ana")

    def start(self) -> S3Client:
        self._server.start("--no-engine", "--s3", "127.0.0.1:0")
        return boto3.client(
            "s3",
            endpoint_url=self._server.s3_url,
            aws_access_key_id=self._key.id,
            aws_secret_access_key=self._key.secret,
            region_name="us-east-1",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def kill(self) -> None:
        self._server.stop(signal.SIGKILL)

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def killable(tmp_path: Path) -> Iterator[_Killable]:
    server = _Killable(tmp_path / "home")
    yield server
    server.close()


def test_a_killed_server_loses_no_part_that_it_has_acknowledged(
    killable: _Killable, tmp_path: Path
) -> None:
    s3 = killable.start()
    pieces = [os.urandom(PART) for _ in range(12)]
    upload = begin(s3, "data")
    acknowledged: list[Any] = []
    half_way = threading.Event()

    def send_all() -> None:
        for number, data in enumerate(pieces, 1):
            try:
                acknowledged.append(send(s3, "data", upload, number, data))
            except (BotoCoreError, ClientError):
                return
            if number == 3:
                half_way.set()

    sender = threading.Thread(target=send_all)
    sender.start()
    assert half_way.wait(60)
    killable.kill()
    sender.join()
    assert 3 <= len(acknowledged) < len(pieces)

    s3 = killable.start()
    assert keys(s3, "data") == []
    kept = s3.list_parts(Bucket="data", Key="main/big", UploadId=upload)["Parts"]
    found = {one["PartNumber"]: one["ETag"] for one in kept}
    assert all(found[part["PartNumber"]] == part["ETag"] for part in acknowledged)
    missing = range(len(acknowledged) + 1, len(pieces) + 1)
    acknowledged += [send(s3, "data", upload, number, pieces[number - 1]) for number in missing]
    wrong = refusal(complete, s3, "data", upload, acknowledged, MpuObjectSize=PART)
    assert wrong == (400, "InvalidRequest")
    complete(s3, "data", upload, acknowledged, MpuObjectSize=PART * len(pieces))
    assert get(s3, "data", "main/big") == b"".join(pieces)
    killable.kill()
    with datavc.connect(home=tmp_path / "home") as client:
        assert client.fsck().problems == ()
        client.gc(grace_s=0, unreachable_keep_s=-1)
    assert get(killable.start(), "data", "main/big") == b"".join(pieces)
