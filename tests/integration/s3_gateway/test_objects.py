"""Objects by boto3: written, read, copied, removed, and what becomes of them in the repo."""

from __future__ import annotations

import base64
import hashlib
import io
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.exceptions import ClientError

from datavc.db import packs
from datavc.errors import NotFound
from datavc.versioning import branches, commits, protections, repos, resolve, staging, tags
from datavc.versioning.gc import collect_garbage
from tests.services.s3_gateway import S3Gateway, running_gateway
from tests.services.small_store import read_files

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def refusal(call: Any, *arguments: Any, **named: Any) -> tuple[int, str]:
    """Status and code of the error that a call gives."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def put(s3: S3Client, repo: str, key: str, body: bytes = b"content", **more: Any) -> str:
    return s3.put_object(Bucket=repo, Key=key, Body=body, **more)["ETag"]


def get(s3: S3Client, repo: str, key: str, **more: Any) -> bytes:
    return s3.get_object(Bucket=repo, Key=key, **more)["Body"].read()


def keys(s3: S3Client, repo: str, prefix: str = "") -> list[str]:
    found = s3.list_objects_v2(Bucket=repo, Prefix=prefix)
    return [one["Key"] for one in found.get("Contents", [])]


@pytest.mark.parametrize("size", [0, 1, 5000, 3_000_000])
def test_what_was_put_is_read(s3: S3Client, repo: str, size: int) -> None:
    data = os.urandom(size)
    etag = put(s3, repo, "main/folder/a file ü+&.bin", data)
    found = s3.get_object(Bucket=repo, Key="main/folder/a file ü+&.bin")
    assert found["Body"].read() == data
    assert found["ETag"] == etag
    assert found["ContentLength"] == size
    head = s3.head_object(Bucket=repo, Key="main/folder/a file ü+&.bin")
    assert (head["ETag"], head["ContentLength"]) == (etag, size)


def test_a_write_is_staged_and_a_commit_lands_it(
    gateway: S3Gateway, s3: S3Client, repo: str
) -> None:
    put(s3, repo, "main/a")
    assert keys(s3, repo) == ["main/a"]
    with pytest.raises(NotFound):
        resolve.get_commit(gateway.vs, repo, "main")
    (staged,) = staging.list_staged(gateway.vs, repo, "main")
    assert (staged.author, staged.puts) == ("ana", 1)
    made = commits.commit_staged(gateway.vs, repo, "main", message="m", author="ann")
    assert get(s3, repo, "main/a") == get(s3, repo, f"{made.id}/a") == b"content"
    assert get(s3, repo, f"{made.id[:12]}/a") == b"content"
    put(s3, repo, "main/a", b"newer")
    assert get(s3, repo, "main/a") == b"newer"
    assert get(s3, repo, f"{made.id}/a") == b"content"


def test_a_message_commits_at_once(gateway: S3Gateway, s3: S3Client, repo: str) -> None:
    put(s3, repo, "main/a")
    answer = s3.put_object(
        Bucket=repo, Key="main/b", Body=b"b", Metadata={"datavc-commit": "gr%C3%BC%C3%9Fe"}
    )
    made = resolve.get_commit(gateway.vs, repo, "main")
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-datavc-commit"] == made.id
    assert (made.message, made.author) == ("grüße", "ana")
    assert not staging.list_staged(gateway.vs, repo, "main")
    assert read_files(gateway.vs, repo=repo) == {"a": b"content", "b": b"b"}


def test_what_is_wrong_on_arrival_is_not_written(s3: S3Client, repo: str) -> None:
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    assert refusal(put, s3, repo, "main/a", ContentMD5=wrong) == (400, "BadDigest")
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    assert refusal(put, s3, repo, "main/a", ChecksumSHA256=wrong) == (400, "BadDigest")
    assert keys(s3, repo) == []


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
def test_each_checksum_comes_back(s3: S3Client, repo: str, algorithm: Any) -> None:
    data = os.urandom(200_000)
    answer = s3.put_object(
        Bucket=repo, Key="main/a", Body=io.BytesIO(data), ChecksumAlgorithm=algorithm
    )
    assert f"Checksum{algorithm}" in answer
    assert get(s3, repo, "main/a") == data


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-0", 0, 1), ("bytes=2999990-", 2_999_990, None), ("bytes=-7", -7, None),
     ("bytes=100000-2000000", 100_000, 2_000_001), ("bytes=5-99999999", 5, None)],
)  # fmt: skip
def test_ranges(s3: S3Client, repo: str, asked: str, start: int, end: int | None) -> None:
    data = os.urandom(3_000_000)
    put(s3, repo, "main/a", data)
    found = s3.get_object(Bucket=repo, Key="main/a", Range=asked)
    assert found["Body"].read() == data[start:end]
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert refusal(get, s3, repo, "main/a", Range="bytes=3000000-") == (416, "InvalidRange")


def test_conditions_of_reading(s3: S3Client, repo: str) -> None:
    etag = put(s3, repo, "main/a")
    later, earlier = (datetime.now(UTC) + timedelta(hours=sign) for sign in (1, -1))
    assert get(s3, repo, "main/a", IfMatch=etag) == b"content"
    assert get(s3, repo, "main/a", IfNoneMatch='"other"') == b"content"
    assert get(s3, repo, "main/a", IfModifiedSince=earlier) == b"content"
    assert refusal(get, s3, repo, "main/a", IfMatch='"other"') == (412, "PreconditionFailed")
    assert refusal(get, s3, repo, "main/a", IfNoneMatch=etag)[0] == 304
    assert refusal(get, s3, repo, "main/a", IfModifiedSince=later)[0] == 304
    assert refusal(get, s3, repo, "main/a", IfUnmodifiedSince=earlier)[0] == 412


def test_conditions_of_writing(s3: S3Client, repo: str) -> None:
    assert refusal(put, s3, repo, "main/a", IfMatch='"x"') == (404, "NoSuchKey")
    etag = put(s3, repo, "main/a", IfNoneMatch="*")
    assert refusal(put, s3, repo, "main/a", IfNoneMatch="*") == (412, "PreconditionFailed")
    assert refusal(put, s3, repo, "main/a", IfMatch='"x"') == (412, "PreconditionFailed")
    put(s3, repo, "main/a", b"newer", IfMatch=etag)
    assert get(s3, repo, "main/a") == b"newer"


def test_a_copy_moves_no_bytes(gateway: S3Gateway, s3: S3Client, repo: str) -> None:
    data = os.urandom(9_000_000)
    etag = put(s3, repo, "main/a", data)
    before = sum(one.size for one in gateway.vs.objects.backend.list("packs/"))
    answer = s3.copy_object(
        Bucket=repo, Key="main/b/c", CopySource={"Bucket": repo, "Key": "main/a"}
    )
    after = sum(one.size for one in gateway.vs.objects.backend.list("packs/"))
    assert answer["CopyObjectResult"]["ETag"] == etag
    assert get(s3, repo, "main/b/c") == data
    assert after - before < 100_000
    wrong = {"CopySource": f"{repo}/main/a", "CopySourceIfNoneMatch": etag}
    assert refusal(s3.copy_object, Bucket=repo, Key="main/d", **wrong)[0] == 412


def test_a_copy_of_what_was_moved_to_another_pack(
    gateway: S3Gateway, s3: S3Client, repo: str
) -> None:
    scratch = f"{repo}-scratch"
    repos.create_repo(gateway.vs, scratch, author="ann")
    # One of many chunks, in a list, and one of a single chunk.
    kept, small = os.urandom(9_000_000), os.urandom(2000)
    put(s3, scratch, "main/all", kept + os.urandom(9_000_000))
    put(s3, repo, "main/kept", kept)
    put(s3, repo, "main/small", small)
    repos.delete_repo(gateway.vs, scratch, author="ann")
    collect_garbage(gateway.vs, grace_s=0, unreachable_keep_s=-1, dead_bytes=10_000)
    with gateway.vs.db.read() as conn:
        assert packs.list_moved(conn)
    for name, data in (("kept", kept), ("small", small)):
        s3.copy_object(Bucket=repo, Key=f"main/new/{name}", CopySource=f"{repo}/main/{name}")
        assert get(s3, repo, f"main/new/{name}") == data


def test_removals(gateway: S3Gateway, s3: S3Client, repo: str) -> None:
    for name in ("a", "b", "c/d", "c/e"):
        put(s3, repo, f"main/{name}")
    commits.commit_staged(gateway.vs, repo, "main", message="m", author="ann")
    s3.delete_object(Bucket=repo, Key="main/a")
    assert keys(s3, repo) == ["main/b", "main/c/d", "main/c/e"]
    staged = len(staging.list_staged(gateway.vs, repo, "main"))
    s3.delete_object(Bucket=repo, Key="main/a")
    assert len(staging.list_staged(gateway.vs, repo, "main")) == staged
    objects: Any = [{"Key": key} for key in ("main/c/e", "main/b", "main/none", "v1/x")]
    answer = s3.delete_objects(Bucket=repo, Delete={"Objects": objects})
    assert {one["Key"] for one in answer["Deleted"]} == {"main/c/e", "main/b", "main/none"}
    assert [one["Key"] for one in answer["Errors"]] == ["v1/x"]
    assert keys(s3, repo) == ["main/c/d"]
    assert len(staging.list_staged(gateway.vs, repo, "main")) == staged + 1
    assert "Deleted" not in s3.delete_objects(
        Bucket=repo, Delete={"Objects": objects[:1], "Quiet": True}
    )


def test_folders_without_files(s3: S3Client, repo: str) -> None:
    put(s3, repo, "main/empty/", b"")
    assert keys(s3, repo) == ["main/empty/"]
    assert s3.head_object(Bucket=repo, Key="main/empty/")["ContentLength"] == 0
    assert refusal(put, s3, repo, "main/full/", b"x") == (400, "InvalidArgument")
    s3.delete_object(Bucket=repo, Key="main/empty/")
    # A branch is such a folder, and stays one.
    put(s3, repo, "main/", b"")
    s3.delete_object(Bucket=repo, Key="main/")
    assert s3.head_object(Bucket=repo, Key="main/")["ContentLength"] == 0
    assert refusal(put, s3, repo, "main/", b"x") == (400, "InvalidArgument")
    assert keys(s3, repo) == []


def test_only_branches_are_written_to(gateway: S3Gateway, s3: S3Client, repo: str) -> None:
    put(s3, repo, "main/a", Metadata={"datavc-commit": "m"})
    tags.create_tag(gateway.vs, repo, "v1.0", "main", author="ann")
    head = resolve.get_commit(gateway.vs, repo, "main").id
    for ref in ("v1.0", head, head[:10]):
        assert get(s3, repo, f"{ref}/a") == b"content"
        assert keys(s3, repo, f"{ref}/") == [f"{ref}/a"]
        assert refusal(put, s3, repo, f"{ref}/b") == (403, "AccessDenied")
        assert refusal(s3.delete_object, Bucket=repo, Key=f"{ref}/a") == (403, "AccessDenied")
    assert refusal(put, s3, repo, "none/b") == (404, "NoSuchKey")
    assert refusal(put, s3, "no-repo", "main/b") == (404, "NoSuchBucket")


def test_a_protected_branch_takes_no_commit(gateway: S3Gateway, s3: S3Client, repo: str) -> None:
    protections.protect(gateway.vs, repo, "main", author="ann")
    refused = refusal(put, s3, repo, "main/a", Metadata={"datavc-commit": "m"})
    assert refused == (403, "AccessDenied")
    assert keys(s3, repo) == []


@pytest.mark.parametrize("key", ["main/../a", "main//a", "main/a//b", "main/./a", "main/a/.."])
def test_paths_that_cannot_be(gateway: S3Gateway, s3: S3Client, repo: str, key: str) -> None:
    assert refusal(put, s3, repo, key) == (400, "InvalidArgument")
    assert refusal(get, s3, repo, key) == (404, "NoSuchKey")
    assert not staging.list_staged(gateway.vs, repo, "main")


def test_a_file_where_a_folder_is(s3: S3Client, repo: str) -> None:
    put(s3, repo, "main/a")
    assert refusal(put, s3, repo, "main/a/b") == (409, "InvalidObjectState")
    put(s3, repo, "main/c/d")
    assert refusal(put, s3, repo, "main/c") == (409, "InvalidObjectState")
    assert keys(s3, repo) == ["main/a", "main/c/d"]


def test_branches_with_slashes(gateway: S3Gateway, s3: S3Client, repo: str) -> None:
    branches.create_branch(gateway.vs, repo, "team/x", author="ann")
    put(s3, repo, "team/x/deep/a", b"in team/x")
    assert read_staged(gateway, repo, "team/x") == ["deep/a"]
    assert get(s3, repo, "team/x/deep/a") == b"in team/x"


def read_staged(gateway: S3Gateway, repo: str, branch: str) -> list[str]:
    from datavc.model.tree.scan import scan
    from datavc.versioning.branch_trees import BranchPlace, BranchTrees

    seen = BranchTrees(gateway.vs).get(BranchPlace(repo, branch))
    return [path for path, _ in scan(seen.tree, seen.source)]


def test_presigned_urls(gateway: S3Gateway, s3: S3Client, repo: str) -> None:
    place = {"Bucket": repo, "Key": "main/a b"}
    assert httpx.put(s3.generate_presigned_url("put_object", place), content=b"x").is_success
    url = s3.generate_presigned_url(
        "get_object", {**place, "ResponseContentDisposition": 'attachment; filename="x"'}
    )
    answer = httpx.get(url)
    assert (answer.status_code, answer.content) == (200, b"x")
    assert answer.headers["content-disposition"] == 'attachment; filename="x"'
    assert httpx.get(url.replace("a%20b", "a%20c")).status_code == 403
    assert "SignatureDoesNotMatch" in httpx.get(url + "0").text
    # What is not signed may not say what the request does.
    put_url = s3.generate_presigned_url("put_object", place)
    refused = httpx.put(put_url, content=b"y", headers={"x-datavc-commit": "m"})
    assert (refused.status_code, "AccessDenied" in refused.text) == (403, True)


def test_who_is_let_in(gateway: S3Gateway, s3: S3Client, repo: str) -> None:
    from datavc.engine.s3_keys import create_s3_key, revoke_s3_key

    put(s3, repo, "main/a")
    reader = gateway.client(read_only=True)
    assert get(reader, repo, "main/a") == b"content"
    assert refusal(put, reader, repo, "main/a") == (403, "AccessDenied")
    assert refusal(reader.create_bucket, Bucket="other") == (403, "AccessDenied")
    made = create_s3_key(gateway.vs, "bob")
    other = S3Gateway(gateway.vs, gateway.url, made.id, made.secret)
    assert get(other.client(), repo, "main/a") == b"content"
    wrong = S3Gateway(gateway.vs, gateway.url, made.id, made.secret[:-1] + "x")
    assert refusal(get, wrong.client(), repo, "main/a") == (403, "SignatureDoesNotMatch")
    revoke_s3_key(gateway.vs, made.id)
    assert refusal(get, other.client(), repo, "main/a") == (403, "InvalidAccessKeyId")
    assert httpx.get(f"{gateway.url}/{repo}/main/a").status_code == 403


def test_buckets(gateway: S3Gateway, s3: S3Client, repo: str) -> None:
    assert repo in [one["Name"] for one in s3.list_buckets()["Buckets"]]
    s3.head_bucket(Bucket=repo)
    assert s3.get_bucket_location(Bucket=repo)["LocationConstraint"] is None
    assert "Status" not in s3.get_bucket_versioning(Bucket=repo)
    s3.create_bucket(Bucket=f"{repo}-new")
    assert repos.get_repo(gateway.vs, f"{repo}-new").name == f"{repo}-new"
    assert refusal(s3.create_bucket, Bucket=repo) == (409, "BucketAlreadyOwnedByYou")
    assert refusal(s3.head_bucket, Bucket="none")[0] == 404
    assert refusal(s3.list_objects_v2, Bucket="none") == (404, "NoSuchBucket")
    assert refusal(s3.get_bucket_acl, Bucket=repo) == (501, "NotImplemented")
    assert refusal(s3.delete_bucket, Bucket=repo) == (501, "NotImplemented")


def test_an_error_document_says_what_and_where(gateway: S3Gateway, s3: S3Client, repo: str) -> None:
    url = s3.generate_presigned_url("get_object", {"Bucket": repo, "Key": "main/none"})
    answer = httpx.get(url)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/xml"
    assert f"<RequestId>{answer.headers['x-amz-request-id']}</RequestId>" in answer.text
    assert "<Code>NoSuchKey</Code>" in answer.text


def test_many_writers_of_one_branch(gateway: S3Gateway, s3: S3Client, repo: str) -> None:
    names = [f"main/{folder}/{number}" for folder in "abcd" for number in range(10)]

    def write(name: str) -> None:
        put(s3, repo, name, name.encode(), IfNoneMatch="*")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, names))
        made = commits.commit_staged(gateway.vs, repo, "main", message="m", author="ann")
        list(pool.map(lambda name: s3.delete_object(Bucket=repo, Key=name), names[::2]))
    assert keys(s3, repo) == sorted(names[1::2])
    assert keys(s3, repo, f"{made.id}/") == sorted(made.id + name[4:] for name in names)


def test_one_of_many_makes_an_object(s3: S3Client, repo: str) -> None:
    def write(number: int) -> int:
        try:
            put(s3, repo, "main/lock", str(number).encode(), IfNoneMatch="*")
        except ClientError as error:
            status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
            return status
        return 200

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(write, range(8))) == [200, *[412] * 7]


def test_each_write_is_committed_where_the_server_says_so(tmp_path: Path) -> None:
    with running_gateway(tmp_path / "home", s3_commit=True) as committing:
        repos.create_repo(committing.vs, "data", author="ann")
        s3 = committing.client()
        put(s3, "data", "main/a")
        put(s3, "data", "main/b", Metadata={"datavc-commit": "mine"})
        s3.delete_object(Bucket="data", Key="main/a")
        assert read_files(committing.vs) == {"b": b"content"}
        found = [resolve.get_commit(committing.vs, "data", f"main~{back}") for back in range(3)]
        messages = [one.message for one in found]
        assert messages == ["DELETE main/a by S3", "mine", "PUT main/a by S3"]
