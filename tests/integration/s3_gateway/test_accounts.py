"""What access keys open once there are accounts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from datavc.access import accounts, audit, roles
from datavc.access.caller import Caller
from datavc.engine import pipelines
from datavc.engine.s3_keys import create_s3_key, list_s3_keys
from datavc.model.account import Holder, Limits
from datavc.model.audit import AuditEntry, AuditFilter
from datavc.model.role import parse_grant
from datavc.versioning import branches, repos
from tests.services.s3_gateway import S3Gateway, running_gateway

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT = Caller.unlimited("test")


class Accounts:
    """A gateway, and clients of it that sign for accounts."""

    def __init__(self, gateway: S3Gateway) -> None:
        self.gateway = gateway
        self.vs = gateway.vs

    def add(self, name: str, *grants: str) -> S3Client:
        """Make an account with a key; a client that signs with it."""
        accounts.create_account(self.vs.db, name, author="test")
        self.grant(name, *grants)
        return self.client(name)

    def grant(self, name: str, *grants: str) -> None:
        for grant in grants:
            roles.grant_role(self.vs.db, ROOT, Holder.ACCOUNT, name, parse_grant(grant))

    def client(self, name: str, *, read_only: bool = False) -> S3Client:
        made = create_s3_key(self.vs, name, read_only=read_only)
        return boto3.client(
            "s3",
            endpoint_url=self.gateway.url,
            aws_access_key_id=made.id,
            aws_secret_access_key=made.secret,
            region_name="us-east-1",
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def newest_entry(self, account: str) -> AuditEntry:
        return audit.read_log(self.vs.db, AuditFilter(account=account), 1)[0]


@pytest.fixture
def known(tmp_path: Path) -> Iterator[Accounts]:
    with running_gateway(tmp_path) as running:
        for repo in ("data", "salaries"):
            repos.create_repo(running.vs, repo, author="test")
        branches.create_branch(running.vs, "data", "team/x", author="test")
        yield Accounts(running)


def code_of(act: Any, **arguments: Any) -> str:
    """The code that a call is refused with; ``ok`` for one that is not."""
    try:
        act(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


def test_roles_decide_by_repo_and_branch(known: Accounts) -> None:
    s3 = known.add("bob", "reader:data", "writer:data@team/*")
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["data"]
    assert code_of(s3.put_object, Bucket="data", Key="team/x/a", Body=b"1") == "ok"
    assert s3.get_object(Bucket="data", Key="team/x/a")["Body"].read() == b"1"
    assert code_of(s3.put_object, Bucket="data", Key="main/a", Body=b"1") == "AccessDenied"
    copy = {"Bucket": "data", "Key": "main/b", "CopySource": "data/team/x/a"}
    assert code_of(s3.copy_object, **copy) == "AccessDenied"
    upload = {"Bucket": "data", "Key": "main/b"}
    assert code_of(s3.create_multipart_upload, **upload) == "AccessDenied"
    assert code_of(s3.delete_object, Bucket="data", Key="main/a") == "AccessDenied"
    answer = s3.delete_objects(
        Bucket="data", Delete={"Objects": [{"Key": "team/x/a"}, {"Key": "main/a"}]}
    )
    assert [one["Key"] for one in answer["Deleted"]] == ["team/x/a"]
    assert [(one["Key"], one["Code"]) for one in answer["Errors"]] == [("main/a", "AccessDenied")]


def test_an_upload_that_another_began_takes_no_part(known: Accounts) -> None:
    owner = known.add("ann", "writer:data")
    other = known.add("bob", "reader:data")
    place = {"Bucket": "data", "Key": "main/big"}
    upload = owner.create_multipart_upload(Bucket="data", Key="main/big")["UploadId"]
    part = place | {"UploadId": upload, "PartNumber": 1, "Body": b"x"}
    assert code_of(other.upload_part, **part) == "AccessDenied"
    tag = owner.upload_part(**part)["ETag"]
    whole = place | {
        "UploadId": upload,
        "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": tag}]},
    }
    assert code_of(other.complete_multipart_upload, **whole) == "AccessDenied"
    abort = place | {"UploadId": upload}
    assert code_of(other.abort_multipart_upload, **abort) == "AccessDenied"
    assert code_of(owner.complete_multipart_upload, **whole) == "ok"


def test_what_may_not_be_read_is_refused_like_what_is_not_there(known: Accounts) -> None:
    s3 = known.add("bob", "writer:data")
    for bucket in ("salaries", "nothing"):
        place = {"Bucket": bucket, "Key": "main/a"}
        assert code_of(s3.list_objects_v2, Bucket=bucket) == "AccessDenied"
        assert code_of(s3.get_object, **place) == "AccessDenied"
        assert code_of(s3.put_object, **place, Body=b"") == "AccessDenied"
        assert code_of(s3.list_multipart_uploads, Bucket=bucket) == "AccessDenied"
        assert code_of(s3.create_bucket, Bucket=bucket) == "AccessDenied"
        copy = {"Bucket": "data", "Key": "main/b", "CopySource": f"{bucket}/main/a"}
        assert code_of(s3.copy_object, **copy) == "AccessDenied"


def test_a_role_holds_from_the_next_request_on(known: Accounts) -> None:
    s3 = known.add("bob")
    assert code_of(s3.list_objects_v2, Bucket="data") == "AccessDenied"
    known.grant("bob", "reader:data")
    assert code_of(s3.list_objects_v2, Bucket="data") == "ok"
    accounts.set_disabled(known.vs.db, "bob", disabled=True)
    assert code_of(s3.list_objects_v2, Bucket="data") == "AccessDenied"


def test_a_key_for_reading_writes_nothing_whatever_the_roles(known: Accounts) -> None:
    known.add("ann", "admin:*")
    s3 = known.client("ann", read_only=True)
    assert code_of(s3.list_objects_v2, Bucket="data") == "ok"
    assert code_of(s3.put_object, Bucket="data", Key="main/a", Body=b"") == "AccessDenied"


def test_a_key_of_no_account_opens_nothing_once_there_are_some(known: Accounts) -> None:
    before = known.gateway.client(s3={"addressing_style": "path"})
    assert code_of(before.list_objects_v2, Bucket="data") == "ok"
    known.add("bob")
    assert code_of(before.list_objects_v2, Bucket="data") == "AccessDenied"
    assert code_of(before.list_buckets) == "AccessDenied"


def test_where_only_tokens_count_no_account_opens_nothing(tmp_path: Path) -> None:
    with running_gateway(tmp_path, tokens_only=True) as gateway:
        assert code_of(gateway.client().list_buckets) == "AccessDenied"


def test_the_keys_of_a_deleted_account_are_gone(known: Accounts) -> None:
    s3 = known.add("bob", "reader:data")
    known.add("ann")
    accounts.delete_account(known.vs.db, "bob")
    assert "bob" not in {one.account for one in list_s3_keys(known.vs)}
    accounts.create_account(known.vs.db, "bob", author="test")
    known.grant("bob", "reader:data")
    # The answer to a key that there is not.
    assert code_of(s3.list_objects_v2, Bucket="data") == "InvalidAccessKeyId"


def test_a_pipelines_key_opens_what_its_spec_needs(known: Accounts) -> None:
    spec = {
        "pipeline": {"name": "made"},
        "transform": {"cmd": ["true"]},
        "input": {"pfs": {"repo": "data", "glob": "/"}},
    }
    pipelines.create_pipeline(known.vs, spec, "test")
    s3 = known.client("pipeline:made")
    # Also while nobody else has an account, and keys of others are just names.
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["data", "made"]
    assert code_of(s3.list_objects_v2, Bucket="data") == "ok"
    assert code_of(s3.list_objects_v2, Bucket="made") == "ok"
    assert code_of(s3.list_objects_v2, Bucket="salaries") == "AccessDenied"
    assert code_of(s3.create_bucket, Bucket="mine") == "AccessDenied"
    for bucket, key, code in (
        ("data", "main/a", "AccessDenied"),
        ("salaries", "main/a", "AccessDenied"),
        # It may, but the engine alone does.
        ("made", "main/a", "InvalidRequest"),
    ):
        place = {"Bucket": bucket, "Key": key}
        assert code_of(s3.put_object, **place, Body=b"") == code
        assert code_of(s3.create_multipart_upload, **place) == code
        assert code_of(s3.delete_object, **place) == code
    accounts.set_disabled(known.vs.db, "pipeline:made", disabled=True)
    assert code_of(s3.list_objects_v2, Bucket="data") == "AccessDenied"
    pipelines.delete_pipeline(known.vs, "made", "test")
    assert code_of(s3.list_objects_v2, Bucket="data") == "InvalidAccessKeyId"


def test_limits_hold(known: Accounts) -> None:
    s3 = known.add("bob", "admin:*")
    limits = Limits(max_bytes=10, max_repos=1)
    accounts.set_limits(known.vs.db, "bob", limits)
    assert code_of(s3.create_bucket, Bucket="mine") == "ok"
    assert code_of(s3.create_bucket, Bucket="more") == "InsufficientStorage"
    place = {"Bucket": "mine", "Key": "main/a"}
    assert code_of(s3.put_object, **place, Body=b"0123456789a") == "InsufficientStorage"
    assert code_of(s3.put_object, **place, Body=b"0123456789") == "ok"
    assert code_of(s3.put_object, Bucket="mine", Key="main/b", Body=b"1") == "InsufficientStorage"
    assert code_of(s3.delete_object, **place) == "ok"
    accounts.set_limits(known.vs.db, "bob", Limits(requests_per_minute=1))
    assert code_of(s3.list_buckets) == "ok"
    assert code_of(s3.list_buckets) == "SlowDown"


def test_changes_and_refusals_are_in_the_audit_log(known: Accounts) -> None:
    s3 = known.add("bob", "reader:data", "writer:data@team/*")
    answer = s3.put_object(Bucket="data", Key="team/x/a", Body=b"1")
    entry = known.newest_entry("bob")
    request_id = answer["ResponseMetadata"]["HTTPHeaders"]["x-amz-request-id"]
    assert (entry.request, entry.repo, entry.branch, entry.outcome, entry.request_id) == (
        "PUT by S3: put_object",
        "data",
        "team/x",
        "done",
        request_id,
    )
    s3.get_object(Bucket="data", Key="team/x/a")
    assert known.newest_entry("bob") == entry
    code_of(s3.put_object, Bucket="data", Key="main/a", Body=b"1")
    entry = known.newest_entry("bob")
    assert (entry.branch, entry.outcome, entry.status) == ("main", "refused", 403)
    code_of(s3.get_object, Bucket="salaries", Key="main/a")
    entry = known.newest_entry("bob")
    assert (entry.repo, entry.outcome) == ("salaries", "refused")
