"""Mirroring commits to folders and buckets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

import datavc
from datavc.errors import Conflict, InvalidPath, NotFound
from datavc.model.link_handling import LinkHandling
from datavc.versioning.export.folder_target import FolderTarget
from datavc.versioning.export.state import STATE_NAME, ExportState
from tests.e2e.conftest import CommandLine


@pytest.fixture
def repo(client: datavc.Client, tmp_path: Path) -> str:
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "a").write_text("one")
    (source / "run").write_text("#!/bin/sh")
    (source / "run").chmod(0o755)
    (source / "sub" / "B ü.txt").write_text("two")
    (source / "link").symlink_to("a")
    client.create_repo("data")
    client.put(f"{source}/", "data", recursive=True, links=LinkHandling.KEEP, message="1")
    return "data"


def held(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.name != STATE_NAME
    }


def test_a_folder_follows_a_branch(client: datavc.Client, repo: str, tmp_path: Path) -> None:
    target = tmp_path / "target"
    first = client.export("data", target)
    assert (first.written, first.removed, first.before) == (4, 0, None)
    assert held(target) == {"a": "one", "run": "#!/bin/sh", "sub/B ü.txt": "two", "link": "one"}
    assert (target / "link").is_symlink()
    assert os.access(target / "run", os.X_OK)
    (target / "theirs").write_text("stays")
    client.put(b"new", "data:/a", message="2")
    client.remove("data:/sub", recursive=True, message="3")
    planned = client.export("data", target, dry_run=True)
    assert (planned.written, planned.removed) == (1, 1)
    assert (target / "sub" / "B ü.txt").exists()
    done = client.export("data", target)
    assert (done.written, done.removed, done.before) == (1, 1, first.commit)
    assert held(target) == {"a": "new", "run": "#!/bin/sh", "link": "new", "theirs": "stays"}
    assert not (target / "sub").exists()
    assert client.export("data", target).written == 0
    assert client.export("data@main~2", target).written == 2
    assert held(target)["a"] == "one"


def test_a_folder_of_a_repo(client: datavc.Client, repo: str, tmp_path: Path) -> None:
    client.export("data:/sub", tmp_path / "target")
    assert held(tmp_path / "target") == {"B ü.txt": "two"}
    with pytest.raises(Conflict, match="holds an export of data:/sub/"):
        client.export("data", tmp_path / "target")
    client.export("data", tmp_path / "target", force=True)
    assert "B ü.txt" not in held(tmp_path / "target")
    assert "sub/B ü.txt" in held(tmp_path / "target")
    with pytest.raises(NotFound):
        client.export("data:/nothing", tmp_path / "other")


def test_another_ref_after_an_interruption(
    client: datavc.Client, repo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the interrupted export had written goes, though both other commits agree on it."""
    target = tmp_path / "target"
    client.export("data", target)
    client.put(b"half", "data:/a", message="2")
    client.put(b"half", "data:/more/x", message="3")

    write_state = FolderTarget.write_state
    with monkeypatch.context() as broken:
        states: list[ExportState] = []

        def write_first(self: FolderTarget, state: ExportState) -> None:
            states.append(state)
            if len(states) > 1:
                raise KeyboardInterrupt
            write_state(self, state)

        broken.setattr(FolderTarget, "write_state", write_first)
        with pytest.raises(KeyboardInterrupt):
            client.export("data", target)
    assert held(target)["a"] == "half"
    done = client.export("data@main~2", target)
    assert (done.written, done.removed) == (1, 1)
    assert held(target) == {"a": "one", "run": "#!/bin/sh", "sub/B ü.txt": "two", "link": "one"}


def test_by_the_command_line(cli: CommandLine, client: datavc.Client, repo: str) -> None:
    assert "would write 4 files" in cli.ok("export", "data", "out", "--dry-run").out
    assert not Path("out").exists()
    assert "wrote 4 files" in cli.ok("export", "data", "out").out
    client.remove("data:/a", message="less")
    assert "removed 1 file" in cli.ok("export", "data", "out").out
    assert cli.ok("export", "data", "out", "--json").json["written"] == 0  # type: ignore[index, call-overload]
    assert cli("export", "data", "ftp://somewhere").code == 2


@pytest.mark.s3
def test_a_bucket(
    client: datavc.Client, repo: str, s3_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    s3 = boto3.client("s3", endpoint_url=s3_server.endpoint)
    bucket, prefix = f"export-{uuid4().hex}", "some/where"
    s3.create_bucket(Bucket=bucket)

    def objects() -> dict[str, bytes]:
        found = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        return {
            one["Key"]: s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
            for one in found
            if not one["Key"].endswith(STATE_NAME)
        }

    large = os.urandom(20_000_000)
    client.put(large, "data:/Large", message="large")
    target = f"s3://{bucket}/{prefix}"
    client.export("data", target)
    assert objects() == {
        f"{prefix}/Large": large,
        f"{prefix}/a": b"one",
        f"{prefix}/run": b"#!/bin/sh",
        f"{prefix}/sub/B ü.txt": b"two",
    }
    client.remove("data:/Large", message="less")
    client.put(b"new", "data:/a", message="new")
    done = client.export("data", target)
    assert (done.written, done.removed) == (1, 1)
    assert set(objects()) == {f"{prefix}/{one}" for one in ("a", "run", "sub/B ü.txt")}
    assert objects()[f"{prefix}/a"] == b"new"
    with pytest.raises(datavc.errors.DatavcError):
        client.export("data", "s3://no-such-bucket-anywhere/x")


def test_a_file_of_the_exports_own_name_is_refused(
    client: datavc.Client, repo: str, tmp_path: Path
) -> None:
    client.put(b"mine", f"data:/{STATE_NAME}", message="mine")
    with pytest.raises(InvalidPath, match="cannot be exported"):
        client.export("data", tmp_path / "target")
    assert not (tmp_path / "target").exists()
    assert client.export("data:/sub", tmp_path / "target").written == 1


def test_a_planted_link_is_not_written_through(
    client: datavc.Client, repo: str, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.write_text("theirs")
    target = tmp_path / "target"
    target.mkdir()
    for name in (".datavc-export.part", "a"):
        (target / name).symlink_to(outside)
    client.export("data", target)
    assert outside.read_text() == "theirs"
    assert held(target)["a"] == "one"
    assert not (target / "a").is_symlink()
