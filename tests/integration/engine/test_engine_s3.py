"""Pipelines that read and write by S3: a real gateway, and transforms that use boto3."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from sqlalchemy import func, select

from datavc.client.connect import connect
from datavc.db import commits, job_claims, repos, s3_sessions
from datavc.db.clock import now_us
from datavc.db.tables import S3Part, S3Session, S3SessionChange, S3Upload
from datavc.engine.jobs import look_at_run
from datavc.engine.settings import EngineSettings
from datavc.engine.triggers import handle_events
from datavc.errors import InvalidInput, InvalidSpec
from datavc.model.job import JobInfo, JobState
from datavc.model.s3_session import InputBucket
from datavc.model.s3_session import S3Session as Session
from datavc.model.tree.scan import scan
from datavc.store.content import read_content
from datavc.versioning.gc import collect_garbage
from tests.integration.engine.conftest import BOTH_DATABASES, World
from tests.services.s3_gateway import S3Gateway, running_gateway

ENGINE = """
import sys, threading
from pathlib import Path
from datavc.engine.engine import Engine
from datavc.engine.settings import EngineSettings
from datavc.versioning.versioned_store import open_versioned_store

home, endpoint, database = Path(sys.argv[1]), sys.argv[2], sys.argv[3] or None
settings = EngineSettings(scratch=home / "scratch", executor="process", s3_endpoint=endpoint)
Engine(open_versioned_store(home, database_url=database), settings).serve(threading.Event())
"""
#: What every transform begins with.
PRELUDE = """
import json, os, sys, time
from pathlib import Path
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

s3 = boto3.client("s3", config=Config(retries={"total_max_attempts": 1}))

def code_of(act, **arguments):
    try:
        act(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "ok"

def keys(bucket):
    return [item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
"""


class S3World(World):
    """A datavc with an engine and a gateway."""

    def __init__(self, home: Path, gateway: S3Gateway, database: str | None) -> None:
        super().__init__(home, database, s3_endpoint=gateway.url)
        self.gateway = gateway

    def transform(
        self, script: str, *, bucket: bool = True, update: bool = False, **fields: Any
    ) -> list[JobInfo]:
        """Make a pipeline ``p`` whose datums run *script*; ``in`` is the repo ``raw``."""
        program = PRELUDE + textwrap.dedent(script)
        pfs = {"name": "in", "repo": "raw", "glob": "/", "s3": bucket}
        spec: dict[str, object] = {
            "pipeline": {"name": "p"},
            "transform": {
                "cmd": [sys.executable, "-c", program],
                "env": {"CALLS": str(self.calls)},
            },
            "input": {"pfs": pfs},
            "s3_out": True,
            "datum_tries": 1,
            **fields,
        }
        return self.create(spec, update=update)

    def rows(self) -> int:
        """How much the database still knows of sessions."""
        with self.db.read() as conn:
            return sum(
                conn.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (S3Session, S3SessionChange, S3Upload, S3Part)
            )

    def refusal(self, key: dict[str, str], bucket: str = "in") -> str:
        """What a job's key is answered when it lists a bucket."""
        client = boto3.client(
            "s3",
            endpoint_url=self.gateway.url,
            aws_access_key_id=key["id"],
            aws_secret_access_key=key["secret"],
            region_name="us-east-1",
            config=Config(retries={"total_max_attempts": 1}),
        )
        try:
            client.list_objects_v2(Bucket=bucket)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "ok"


@contextlib.contextmanager
def other_engine(world: S3World) -> Iterator[subprocess.Popen[bytes]]:
    """An engine that is a process of its own."""
    place = [str(world.home), world.gateway.url, world.database or ""]
    process = subprocess.Popen([sys.executable, "-c", ENGINE, *place])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.02)


def ended(world: S3World, run: str) -> JobInfo:
    deadline = time.monotonic() + 60
    while True:
        over, (job,) = look_at_run(world.vs, run)
        if over:
            return job
        assert time.monotonic() < deadline, job
        time.sleep(0.02)


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[S3World]:
    database = None
    if getattr(request, "param", "sqlite") == "postgresql":
        database = request.getfixturevalue("postgres_url")
    with running_gateway(tmp_path / "home", database=database) as gateway:
        made = S3World(tmp_path / "home", gateway, database=database)
        made.repo("raw")
        yield made
        made.close()


def test_inputs_are_buckets_at_their_commit_and_the_output_is_one(world: S3World) -> None:
    world.transform(
        """
        assert not Path(os.environ["DATAVC_PFS"], "in").exists()
        assert os.environ["in"] == "s3://in"
        assert os.environ["S3_ENDPOINT"] == os.environ["AWS_ENDPOINT_URL"]
        assert keys("out") == [], keys("out")
        s3.put_object(Bucket="out", Key="early", Body=b"early" * 30_000)
        # Somebody commits while it runs: the datum sees the commit that it was planned for.
        Path(os.environ["CALLS"], "began").touch()
        while not Path(os.environ["CALLS"], "go").exists():
            time.sleep(0.02)
        names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        assert names == ["in", "out"], names
        s3.head_bucket(Bucket="in")
        assert keys("out") == ["early"], keys("out")
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket="in", Delimiter="/", PaginationConfig={"PageSize": 1}
        )
        pages = list(pages)
        top = [item["Key"] for page in pages for item in page.get("Contents", [])]
        folders = [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])]
        assert (top, folders) == (["a"], ["dir/"]), (top, folders)
        body = s3.get_object(Bucket="in", Key="dir/b", Range="bytes=1-3")["Body"].read()
        s3.put_object(Bucket="out", Key="sub/range", Body=body)
        s3.copy_object(Bucket="out", Key="copy", CopySource="in/a")
        s3.put_object(Bucket="out", Key="gone", Body=b"x")
        s3.put_object(Bucket="out", Key="folder/")
        assert s3.get_object(Bucket="out", Key="copy")["Body"].read() == b"one"
        assert code_of(s3.put_object, Bucket="out", Key="copy/x", Body=b"") == "InvalidObjectState"
        again = code_of(s3.put_object, Bucket="out", Key="copy", Body=b"", IfNoneMatch="*")
        assert again == "PreconditionFailed", again
        s3.delete_objects(Bucket="out", Delete={"Objects": [{"Key": "gone"}]})
        upload = s3.create_multipart_upload(Bucket="out", Key="large")["UploadId"]
        listed = s3.list_multipart_uploads(Bucket="out")["Uploads"]
        assert [item["Key"] for item in listed] == ["large"], listed
        parts = []
        for number, content in ((1, b"first "), (2, b"second")):
            part = s3.upload_part(
                Bucket="out", Key="large", UploadId=upload, PartNumber=number, Body=content
            )
            parts.append({"ETag": part["ETag"], "PartNumber": number})
        s3.complete_multipart_upload(
            Bucket="out", Key="large", UploadId=upload, MultipartUpload={"Parts": parts}
        )
        s3.create_multipart_upload(Bucket="out", Key="never ended")
        """
    )
    run = world.put("raw", {"a": b"one", "dir/b": b"abcdef"})
    raw = world.head("raw")
    with other_engine(world):
        wait_for(world.calls / "began")
        world.put("raw", {"late": b"x"})
        # What was put out is in no commit yet.
        collect_garbage(world.vs, grace_s=0)
        (world.calls / "go").touch()
        job = ended(world, run)
    assert job.state is JobState.SUCCESS, job.reason
    with world.db.read() as conn:
        made = commits.find(conn, job.output)
    assert made.provenance.commits == (raw.id,)
    assert {
        path: b"".join(read_content(world.objects, entry))
        for path, entry in scan(made.tree, world.vs.nodes)
    } == {
        "copy": b"one",
        "early": b"early" * 30_000,
        "large": b"first second",
        "sub/range": b"bcd",
    }


def test_a_key_opens_its_buckets_and_nothing_else(world: S3World) -> None:
    world.repo("other")
    world.put("other", {"secret": b"s"})
    world.transform(
        """
        found = {
            "repo": code_of(s3.get_object, Bucket="raw", Key="main/a"),
            "by ref": code_of(s3.get_object, Bucket="in", Key="main/a"),
            "other repo": code_of(s3.get_object, Bucket="other", Key="main/secret"),
            "own repo": code_of(s3.put_object, Bucket="p", Key="main/x", Body=b""),
            "no repo": code_of(s3.list_objects_v2, Bucket="nothing"),
            "write": code_of(s3.put_object, Bucket="in", Key="x", Body=b""),
            "upload": code_of(s3.create_multipart_upload, Bucket="in", Key="x"),
            "delete": code_of(s3.delete_object, Bucket="in", Key="a"),
            "copy from": code_of(
                s3.copy_object, Bucket="out", Key="c", CopySource="other/main/secret"
            ),
            "copy to": code_of(s3.copy_object, Bucket="in", Key="c", CopySource="in/a"),
            "make": code_of(s3.create_bucket, Bucket="new"),
            "commit": code_of(
                s3.put_object, Bucket="out", Key="c", Body=b"", Metadata={"datavc-commit": "m"}
            ),
        }
        errors = s3.delete_objects(Bucket="in", Delete={"Objects": [{"Key": "a"}]})["Errors"]
        found["delete many"] = errors[0]["Code"]
        found["buckets"] = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        s3.put_object(Bucket="out", Key="found", Body=json.dumps(found))
        key = {"id": os.environ["AWS_ACCESS_KEY_ID"], "secret": os.environ["AWS_SECRET_ACCESS_KEY"]}
        s3.put_object(Bucket="out", Key="key", Body=json.dumps(key))
        """
    )
    (job,) = world.commit_and_drive("raw", {"a": b"one"})
    assert job.state is JobState.SUCCESS, job.reason
    files = world.files("p")
    found = json.loads(files["found"])
    assert found.pop("buckets") == ["in", "out"]
    assert found.pop("by ref") == "NoSuchKey"
    assert found.pop("commit") == "InvalidRequest"
    assert set(found.values()) == {"AccessDenied"}, found
    # It ended with the job.
    assert world.refusal(json.loads(files["key"])) == "InvalidAccessKeyId"
    assert world.rows() == 0
    assert set(files) == {"found", "key"}


def test_every_job_fills_the_output_anew_and_what_failed_is_dropped(world: S3World) -> None:
    world.transform(
        """
        assert keys("out") == [], keys("out")
        for key in keys("in"):
            s3.copy_object(Bucket="out", Key=f"{key}", CopySource=f"in/{key}")
        s3.create_multipart_upload(Bucket="out", Key="open")
        if "boom" in keys("in"):
            sys.exit(3)
        """,
        datum_tries=2,
    )
    (job,) = world.commit_and_drive("raw", {"a": b"one"})
    assert (job.state, world.files("p")) == (JobState.SUCCESS, {"a": b"one"}), job.reason
    good = world.head("p")
    (job,) = world.commit_and_drive("raw", {"boom": b"x"})
    assert job.state is JobState.FAILURE
    assert "exited with 3" in job.reason
    assert (world.head("p"), world.rows()) == (good, 0)
    (job,) = world.commit_and_drive("raw", {"boom": None, "a": None, "b": b"two"})
    assert (job.state, job.datums_processed, job.datums_skipped) == (JobState.SUCCESS, 1, 0)
    assert world.files("p") == {"b": b"two"}


def test_a_cross_has_a_bucket_beside_files_and_an_output_folder(world: S3World) -> None:
    world.repo("words")
    world.put("words", {"x": b"1", "y": b"2"})
    world.transform(
        """
        folder = Path(os.environ["DATAVC_PFS"])
        assert sorted(path.name for path in folder.iterdir()) == ["out", "words"]
        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["in"]
        denied = code_of(s3.put_object, Bucket="out", Key="x", Body=b"")
        assert denied == "AccessDenied", denied
        one = s3.get_object(Bucket="in", Key="a")["Body"].read()
        word = Path(os.environ["words"])
        (folder / "out" / word.name).write_bytes(one + word.read_bytes())
        """,
        input={
            "cross": [
                {"pfs": {"name": "in", "repo": "raw", "glob": "/", "s3": True}},
                {"pfs": {"repo": "words", "glob": "/*"}},
            ]
        },
        s3_out=False,
    )
    (job,) = world.commit_and_drive("raw", {"a": b"one"})
    assert job.state is JobState.SUCCESS, job.reason
    assert world.files("p") == {"x": b"one1", "y": b"one2"}
    # Nothing keeps such a pipeline from skipping what it has done.
    (job,) = world.commit_and_drive("words", {"y": b"3"})
    assert (job.datums_processed, job.datums_skipped) == (1, 1)


def test_outputs_that_cannot_be_taken_fail_their_datum(world: S3World) -> None:
    world.transform('Path(os.environ["DATAVC_PFS"], "out", "lost").touch()')
    (job,) = world.commit_and_drive("raw", {"a": b"one"})
    assert job.state is JobState.FAILURE
    assert "it wrote 'lost' to its output folder, and with s3_out" in job.reason
    (job,) = world.transform(
        's3.put_object(Bucket="out", Key="big", Body=bytes(2_000_000))',
        update=True,
        resource_limits={"disk": "1M"},
    )
    assert job.state is JobState.FAILURE
    assert "it wrote 2,000,000 bytes, above its resource_limits.disk of 1,000,000" in job.reason
    assert (world.head("p"), world.rows()) == (None, 0)


@BOTH_DATABASES
def test_a_killed_engine_leaves_no_key_and_no_output(world: S3World) -> None:
    world.transform(
        """
        number = len(list(Path(os.environ["CALLS"]).iterdir()))
        s3.put_object(Bucket="out", Key=f"by-{number}", Body=b"x")
        key = {"id": os.environ["AWS_ACCESS_KEY_ID"], "secret": os.environ["AWS_SECRET_ACCESS_KEY"]}
        key["pid"] = os.getpid()
        path = Path(os.environ["CALLS"], f"key-{number}")
        path.with_suffix(".new").write_text(json.dumps(key))
        path.with_suffix(".new").rename(path)
        while number == 0:
            time.sleep(0.05)
        """
    )
    run = world.put("raw", {"a": b"one"})
    with other_engine(world) as engine:
        wait_for(world.calls / "key-0")
        key = json.loads((world.calls / "key-0").read_text())
        assert world.refusal(key) == "ok"
        assert world.refusal(key, "raw") == "AccessDenied"
        engine.kill()
        engine.wait()
    try:
        (job,) = world.drive(run)
    finally:
        # The executor without containers leaves a program behind whose engine was killed.
        os.kill(key["pid"], 9)
    assert job.state is JobState.SUCCESS, job.reason
    assert world.files("p") == {"by-1": b"x"}
    assert world.refusal(key) == "InvalidAccessKeyId"
    assert world.refusal(json.loads((world.calls / "key-1").read_text())) == "InvalidAccessKeyId"
    assert world.rows() == 0


@BOTH_DATABASES
def test_a_session_holds_while_its_engine_has_the_job(world: S3World) -> None:
    world.transform("pass")
    world.put("raw", {"a": b"one"})
    head, output = world.head("raw"), "DVJTEST"
    handle_events(world.vs, "test")
    with world.db.read() as conn:
        repo_id = repos.get(conn, "p").id
    with world.db.write() as conn:
        job = job_claims.claim(conn, "first", 30)
        assert job is not None
        session = Session(
            output, "p", job.id, (InputBucket("in", "raw", head.id),), repo_id, "p", "main", True, 1
        )
        s3_sessions.add(conn, session, "first", b"sealed")
        assert s3_sessions.find_open(conn, output) == (session, b"sealed")
        assert s3_sessions.lock_open(conn, output)
        # The lease runs out.
        late = now_us() + 31_000_000
        assert s3_sessions.find_open(conn, output, at_us=late) is None
        assert s3_sessions.close(conn, output)
        assert s3_sessions.find_open(conn, output) is None
        assert not s3_sessions.lock_open(conn, output)
        s3_sessions.remove(conn, [output])
        assert not s3_sessions.close(conn, output)
        # Another engine takes over.
        s3_sessions.add(conn, session, "first", b"sealed")
        assert job_claims.release(conn, job.id, "first")
        assert s3_sessions.find_open(conn, output) is None
        assert job_claims.claim(conn, "second", 30) is not None
        assert s3_sessions.find_open(conn, output) is None
        assert not s3_sessions.lock_open(conn, output)
        assert job_claims.transition(conn, job.id, "second", JobState.FAILURE)
    assert world.rows() == 0


def test_without_a_gateway_it_says_what_to_set(
    world: S3World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATAVC_S3_ENDPOINT", raising=False)
    spec = {
        "pipeline": {"name": "p"},
        "transform": {"cmd": ["true"]},
        "input": {"pfs": {"repo": "raw", "glob": "/", "s3": True}},
    }
    with connect(home=tmp_path / "embedded") as repo:
        repo.create_repo("raw")
        for refused in (repo.create_pipeline, repo.validate_pipelines):
            with pytest.raises(InvalidSpec, match="s3 of input 'raw': pipeline 'p' needs") as error:
                refused(spec)
            assert "datavc serve --s3" in error.value.hint
        assert repo.list_pipelines() == []
    lonely = World(tmp_path / "lonely", s3_endpoint=None)
    try:
        lonely.repo("raw")
        lonely.create(spec)
        (job,) = lonely.commit_and_drive("raw", {"a": b"one"})
    finally:
        lonely.close()
    assert job.state is JobState.FAILURE
    assert "needs an S3 gateway" in job.reason
    assert "DATAVC_S3_ENDPOINT" in job.reason


@pytest.mark.parametrize(
    "text", ["gateway:80", "ftp://x", "http://", "http://u:p@x", "http://x/path", "http://x:99999"]
)
def test_an_endpoint_is_a_plain_url(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidInput, match="DATAVC_S3_ENDPOINT is not the URL of a gateway"):
        EngineSettings(scratch=tmp_path, s3_endpoint=text)
