"""Files that stay where they are: imported, read, changed at their source, and taken out again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import fsspec
import httpx
import pytest

import datavc
from datavc.client.filesystem import DatavcFileSystem
from datavc.errors import (
    AccessDenied,
    Conflict,
    InvalidInput,
    NotFound,
    Purged,
    SourceChanged,
    SourceUnreadable,
)
from datavc.model.link_handling import LinkHandling
from tests.e2e.conftest import CommandLine
from tests.services.http_server import running_server
from tests.services.web_server import Page, Web, running_web

BIG = os.urandom(5_000_000)


@pytest.fixture
def web() -> Iterator[Web]:
    with running_web() as served:
        yield served


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "sub dir").mkdir(parents=True)
    (folder / "a.txt").write_text("one\n")
    (folder / "big.bin").write_bytes(BIG)
    (folder / "sub dir" / "ü #1%.csv").write_text("x,y\n1,2\n")
    (folder / "empty").write_bytes(b"")
    return folder


@pytest.fixture
def repo(client: datavc.Client) -> str:
    client.create_repo("data")
    return "data"


def listed(client: datavc.Client, ref: str = "data") -> dict[str, str]:
    return {one.path: one.source for one in client.ls(ref, recursive=True, sources=True)}


def test_a_folder_is_read_as_if_it_was_stored(
    client: datavc.Client, repo: str, source: Path, tmp_path: Path
) -> None:
    done = client.import_external(f"{source}/", "data", message="first")
    assert (done.files, done.bytes, done.unchanged) == (4, 4 + len(BIG) + 8, 0)
    assert listed(client) == {
        "a.txt": f"file://{source}/a.txt",
        "big.bin": f"file://{source}/big.bin",
        "empty": f"file://{source}/empty",
        "sub dir/ü #1%.csv": f"file://{source}/sub%20dir/%C3%BC%20%231%25.csv",
    }
    assert client.read("data:/big.bin") == BIG
    assert client.read("data:/big.bin", 1_000_000, 10) == BIG[1_000_000:1_000_010]
    assert client.read("data:/empty") == b""
    assert b"".join(client.cat("data:/sub dir/ü #1%.csv")) == b"x,y\n1,2\n"
    with client.open("data:/big.bin") as file:
        file.seek(-3, os.SEEK_END)
        assert file.read() == BIG[-3:]
    out = tmp_path / "out"
    assert client.get("data", out).kept == 0
    assert {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()} == {
        path.name: path.read_bytes() for path in source.rglob("*") if path.is_file()
    }
    assert client.get("data", out).kept == 4
    client.export("data", tmp_path / "exported")
    assert (tmp_path / "exported" / "big.bin").read_bytes() == BIG
    (usage,) = client.usage("data")
    assert usage.bytes > len(BIG)
    assert usage.stored_bytes < 10_000


def test_importing_again_takes_in_what_differs(
    client: datavc.Client, repo: str, source: Path
) -> None:
    client.import_external(source, "data", message="first")
    again = client.import_external(source, "data", message="again")
    assert (again.unchanged, again.commit, again.staged) == (4, None, None)
    (source / "a.txt").write_text("two\n")
    (source / "new").write_text("new")
    (source / "empty").unlink()
    planned = client.import_external(source, "data", delete=True, dry_run=True)
    assert (planned.files, planned.unchanged, planned.removed) == (4, 2, 1)
    assert client.status("data").staged == ()
    client.put(b"stored here", "data:/source/stored", message="beside it")
    done = client.import_external(source, "data", message="second", delete=True)
    assert (done.files, done.unchanged, done.removed) == (4, 2, 1)
    assert set(listed(client)) == {
        "source/a.txt",
        "source/big.bin",
        "source/new",
        "source/stored",
        "source/sub dir/ü #1%.csv",
    }
    assert client.read("data:/source/a.txt") == b"two\n"


def test_staged_imports(client: datavc.Client, repo: str, source: Path) -> None:
    assert client.import_external(source, "data").staged is not None
    assert client.import_external(source, "data").staged is None
    client.commit("data", "both")
    assert len(listed(client)) == 4


def test_only_what_is_meant_is_taken_and_taken_out(
    client: datavc.Client, repo: str, source: Path
) -> None:
    client.import_external(source, "data", include=["*.csv", "a.*"], message="1")
    assert set(listed(client)) == {"source/a.txt", "source/sub dir/ü #1%.csv"}
    # What a pattern leaves out is not gone.
    client.import_external(source, "data", exclude=["a.txt"], delete=True, message="2")
    assert "source/a.txt" in listed(client)
    # Nor is what comes from elsewhere.
    other = source.parent / "other"
    other.mkdir()
    (other / "z").write_text("z")
    client.import_external(f"{other}/", "data:/source", delete=True, message="3")
    assert {"source/a.txt", "source/z"} < set(listed(client))
    with pytest.raises(NotFound, match="nothing at"):
        client.import_external(source, "data", include=["*.nothing"])


@pytest.mark.parametrize("change", ["size", "time", "gone", "folder"])
def test_a_source_that_changed_is_an_error_and_never_other_bytes(
    client: datavc.Client, repo: str, source: Path, tmp_path: Path, change: str
) -> None:
    client.import_external(f"{source}/", "data", message="first")
    file = source / "a.txt"
    if change == "size":
        file.write_text("longer\n")
    elif change == "time":
        file.write_text("ONE\n")
    else:
        file.unlink()
        if change == "folder":
            file.mkdir()
    for read in (
        lambda: client.read("data:/a.txt"),
        lambda: b"".join(client.cat("data:/a.txt")),
        lambda: client.open("data:/a.txt").read(),
        lambda: client.get("data:/a.txt", tmp_path / "out"),
        lambda: client.get("data", tmp_path / "outs"),
        lambda: client.export("data", tmp_path / "exported"),
        lambda: list(client.diff_content("data")),
    ):
        with pytest.raises(SourceChanged, match=r"a\.txt") as caught:
            read()
        assert f"file://{source}/a.txt" in caught.value.message
    assert not (tmp_path / "out").exists()
    client.import_external(f"{source}/", "data", delete=True, message="second")
    assert client.read("data:/big.bin") == BIG


def test_a_file_that_changes_while_it_is_read(
    client: datavc.Client, repo: str, source: Path
) -> None:
    client.import_external(f"{source}/", "data", message="first")
    pieces = client.cat("data:/big.bin")
    next(pieces)
    with (source / "big.bin").open("r+b") as file:
        file.seek(4_000_000)
        file.write(b"other")
    with pytest.raises(SourceChanged):
        list(pieces)


def test_what_cannot_be_imported(client: datavc.Client, repo: str, source: Path) -> None:
    (source / "link").symlink_to("a.txt")
    with pytest.raises(SourceUnreadable, match="link"):
        client.import_external(source, "data")
    client.import_external(source, "data", links=LinkHandling.FOLLOW, message="links")
    assert client.read("data:/source/link") == b"one\n"
    with pytest.raises(NotFound):
        client.import_external(source / "nothing", "data")
    with pytest.raises(InvalidInput, match="unknown scheme"):
        client.import_external("ftp://host/x", "data")
    (source / "sub dir" / "a.txt").write_text("another")
    with pytest.raises(Conflict, match="would both become"):
        client.import_external([source / "a.txt", source / "sub dir" / "a.txt"], "data")


def test_appending_is_refused_and_a_copy_replaces(
    client: datavc.Client, repo: str, source: Path
) -> None:
    client.import_external(f"{source}/", "data", message="first")
    with pytest.raises(Conflict, match=r"lies elsewhere, at file://.*a\.txt"):
        client.append(b"more", "data:/a.txt", message="no")
    client.put(client.read("data:/a.txt"), "data:/a.txt", message="a copy")
    client.append(b"more", "data:/a.txt", message="yes")
    (source / "a.txt").unlink()
    assert client.read("data:/a.txt") == b"one\nmore"
    assert listed(client)["a.txt"] == ""


def test_in_a_working_copy(client: datavc.Client, repo: str, source: Path, tmp_path: Path) -> None:
    client.import_external(f"{source}/", "data", message="first")
    client.checkout("data", tmp_path / "copy")
    copy = client.working_copy(tmp_path / "copy")
    assert copy.status().changes == ()
    # Touched, and not changed: known without looking at the source.
    os.utime(copy.root / "big.bin", ns=(1, 1))
    moved = source.rename(tmp_path / "away")
    assert copy.status().changes == ()
    moved.rename(source)
    (copy.root / "a.txt").write_text("mine\n")
    assert [one.path for one in copy.status().changes] == ["a.txt"]
    copy.commit("mine")
    assert listed(client)["a.txt"] == ""
    assert listed(client)["big.bin"] != ""
    assert copy.status().changes == ()
    (copy.root / "big.bin").unlink()
    copy.restore()
    assert (copy.root / "big.bin").read_bytes() == BIG
    (source / "new").write_text("new")
    client.import_external(f"{source}/", "data", exclude=["a.txt"], message="more")
    copy.pull()
    assert (copy.root / "new").read_text() == "new"
    assert copy.status().changes == ()
    copy.switch("main~2")
    assert (copy.root / "a.txt").read_text() == "one\n"
    assert copy.status().changes == ()


def test_looking_after_the_space(
    client: datavc.Client, repo: str, source: Path, cli: CommandLine
) -> None:
    client.import_external(f"{source}/", "data", message="first")
    (source / "a.txt").write_text("two!\n")
    client.import_external(f"{source}/", "data", message="second")
    found = client.fsck(external=True, deep=True)
    assert found.external == 5
    (problem,) = found.problems
    assert (problem.kind, problem.subject) == ("external", "data:/a.txt")
    assert "has changed: its size is 5, not 4" in problem.text
    assert client.fsck().problems == ()
    client.gc(grace_s=0)
    assert client.read("data:/big.bin") == BIG
    planned = cli.ok("purge", "data:/a.txt", "--dry-run").out
    assert "no purge reaches" in planned
    done = client.purge("data", "a.txt", reason="asked for")
    assert done.sources == (f"file://{source}/a.txt",)
    with pytest.raises(Purged):
        client.read("data:/a.txt")
    assert (source / "a.txt").read_text() == "two!\n"
    assert client.read("data:/big.bin") == BIG
    client.gc(grace_s=0)
    assert listed(client)["a.txt"] == "(purged)"
    assert client.fsck(external=True).problems == ()


def test_by_the_command_line(
    cli: CommandLine, client: datavc.Client, repo: str, source: Path
) -> None:
    assert "would import 4 files" in cli.ok("import", str(source), "data", "--dry-run").out
    assert "staged 4 files" in cli.ok("import", str(source), "data").out
    cli.ok("commit", "data", "-m", "first")
    assert "nothing to import" in cli.ok("import", str(source), "data").out
    (source / "empty").unlink()
    ran = cli.ok("import", str(source), "data", "--delete", "-m", "less", "--json").json
    assert isinstance(ran, dict)
    assert (ran["removed"], ran["unchanged"], ran["jobs"]) == (1, 3, [])
    uri = f"file://{source}/a.txt"
    assert f"/source/a.txt -> {uri}" in cli.ok("ls", "-l", "-R", "data").out
    assert f"at {uri}" in cli.ok("show", "data@main~1").out
    facts = cli.ok("info", "data:/source/a.txt", "--json").json
    assert isinstance(facts, dict)
    assert (facts["kind"], facts["source"]) == ("external", uri)
    assert facts["mtime_ns"] == str((source / "a.txt").stat().st_mtime_ns)
    (source / "a.txt").unlink()
    failed = cli("cat", "data:/source/a.txt")
    assert failed.code == 1
    assert "is gone" in failed.err
    assert cli("fsck", "--external").code == 1
    assert cli("import", "http://u:pa55@localhost/x", "data").code == 2


def test_a_web_file(client: datavc.Client, repo: str, web: Web) -> None:
    url = web.offer("/deep/a.bin", BIG)
    client.import_external(url, "data", message="1")
    assert listed(client) == {"a.bin": url}
    assert client.read("data:/a.bin", 4_000_000, 5) == BIG[4_000_000:4_000_005]
    assert client.read("data:/a.bin") == BIG
    assert client.import_external(url, "data").unchanged == 1
    web.offer("/deep/a.bin", BIG[::-1])
    with pytest.raises(SourceChanged, match="its ETag is"):
        client.read("data:/a.bin")
    with pytest.raises(SourceUnreadable, match="does not tell an ETag"):
        client.import_external(web.offer("/b", Page(b"x", etag="")), "data")
    with pytest.raises(InvalidInput, match="X-Amz-Signature"):
        client.import_external(f"{url}?X-Amz-Signature=abc", "data")
    with pytest.raises(NotFound):
        client.import_external(f"{web.url}/nothing", "data")


def test_put_of_web_files(
    client: datavc.Client, repo: str, web: Web, cli: CommandLine, source: Path
) -> None:
    urls = [web.offer("/x/one.bin", BIG), web.offer("/y/two", Page(b"two", etag=""))]
    done = client.put(urls, "data:/in/", message="1")
    assert (done.files, done.bytes) == (2, len(BIG) + 3)
    assert client.read("data:/in/one.bin") == BIG
    assert set(listed(client).values()) == {""}
    assert client.put(urls, "data:/in", message="2").unchanged == 2
    web.pages.clear()
    assert client.read("data:/in/two") == b"two"
    with pytest.raises(NotFound):
        client.put(urls, "data:/in", message="3")
    with pytest.raises(InvalidInput, match="not put at once"):
        client.put([urls[0], str(source / "a.txt")], "data:/in")
    with pytest.raises(InvalidInput, match="has no name"):
        client.put(f"{web.url}/", "data")
    root = web.offer("/", b"root")
    assert "committed" in cli.ok("put", root, "data:/page.html", "-m", "named").out
    assert client.read("data:/page.html") == b"root"
    web.offer("/cut", Page(BIG, breaks=99, breaks_after=0, etag=""))
    with pytest.raises(SourceUnreadable):
        client.put(f"{web.url}/cut", "data:/cut", message="4")
    with pytest.raises(NotFound):
        client.stat("data:/cut")


@pytest.fixture
def bucket(s3_server: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, str]:
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    s3 = boto3.client("s3", endpoint_url=s3_server.endpoint)
    name = f"import-{uuid4().hex}"
    s3.create_bucket(Bucket=name)
    return s3, name


@pytest.mark.s3
def test_a_bucket(
    client: datavc.Client, repo: str, bucket: tuple[Any, str], tmp_path: Path
) -> None:
    s3, name = bucket
    objects = {"p/a/b": b"1", "p/a.txt": b"2", "p/é %25+.bin": BIG, "p/empty": b"", "q/other": b"q"}
    for key, data in objects.items():
        s3.put_object(Bucket=name, Key=key, Body=data)
    s3.put_object(Bucket=name, Key="p/marker/", Body=b"")
    assert client.import_external(f"s3://{name}/p/", "data", message="1").files == 4
    assert listed(client)["é %25+.bin"] == f"s3://{name}/p/%C3%A9%20%2525+.bin"
    for key in ("a/b", "a.txt", "é %25+.bin", "empty"):
        assert client.read(f"data:/{key}") == objects[f"p/{key}"]
    assert client.read("data:/é %25+.bin", 4_999_990, 100) == BIG[4_999_990:]
    client.get("data", tmp_path / "out")
    assert (tmp_path / "out" / "é %25+.bin").read_bytes() == BIG
    assert client.import_external(f"s3://{name}/p/", "data").unchanged == 4
    s3.put_object(Bucket=name, Key="p/a/b", Body=b"9")
    s3.delete_object(Bucket=name, Key="p/a.txt")
    s3.delete_object(Bucket=name, Key="p/empty")
    with pytest.raises(SourceChanged, match="its ETag is"):
        client.read("data:/a/b")
    for gone in ("a.txt", "empty"):
        with pytest.raises(SourceChanged, match="is gone"):
            client.read(f"data:/{gone}")
    assert len(client.fsck(external=True).problems) == 3
    done = client.import_external(f"s3://{name}/p/", "data", delete=True, message="2")
    assert (done.files, done.unchanged, done.removed) == (2, 1, 2)
    assert client.read("data:/a/b") == b"9"
    # A prefix without a slash keeps its name, and an object is itself.
    client.import_external([f"s3://{name}/q", f"s3://{name}/p/a/b"], "data:/x", message="3")
    assert {"x/q/other", "x/b"} < set(listed(client))
    with pytest.raises(NotFound):
        client.import_external(f"s3://{name}/nothing/", "data")
    s3.put_object(Bucket=name, Key="q/nothing", Body=b"")
    s3.put_object(Bucket=name, Key="q/big", Body=BIG * 3)
    client.import_external(f"s3://{name}/q", "data:/x/", message="4")
    client.export("data:/x", f"s3://{name}/exported")
    for key in ("nothing", "big"):
        found = s3.get_object(Bucket=name, Key=f"exported/q/{key}")["Body"].read()
        assert found == s3.get_object(Bucket=name, Key=f"q/{key}")["Body"].read()
    s3.put_object(Bucket=name, Key="q/big", Body=b"other")
    with pytest.raises(SourceChanged, match="external file '/q/big'"):
        client.export("data:/x", f"s3://{name}/again")
    assert s3.list_objects_v2(Bucket=name, Prefix="again/q/big").get("Contents") is None
    assert s3.get_object(Bucket=name, Key="exported/q/other")["Body"].read() == b"q"


@pytest.mark.s3
def test_a_bucket_that_keeps_versions(
    client: datavc.Client, repo: str, bucket: tuple[Any, str]
) -> None:
    s3, name = bucket
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=name, Key="old", Body=b"0")
    s3.put_object(Bucket=name, Key="a", Body=b"first")
    first = s3.put_object(Bucket=name, Key="empty", Body=b"")["VersionId"]
    s3.delete_object(Bucket=name, Key="old")
    assert client.import_external(f"s3://{name}/", "data", message="1").files == 2
    external = client.external("data:/empty")
    assert external is not None
    assert ("version", first) in external.pins
    s3.put_object(Bucket=name, Key="a", Body=b"second")
    s3.put_object(Bucket=name, Key="empty", Body=b"filled")
    # What was imported is still there, so it is still read.
    assert client.read("data:/a") == b"first"
    assert client.read("data:/empty") == b""
    client.import_external(f"s3://{name}/", "data", message="2")
    assert client.read("data:/a") == b"second"
    assert client.read("data@main~1:/a") == b"first"
    s3.delete_object(Bucket=name, Key="empty", VersionId=first)
    with pytest.raises(SourceChanged, match="has no version"):
        client.read("data@main~1:/empty")


@pytest.mark.s3
def test_put_of_a_bucket(client: datavc.Client, repo: str, bucket: tuple[Any, str]) -> None:
    s3, name = bucket
    for key, data in {"p/a/b": b"1", "p/a.txt": b"2", "p/big": BIG}.items():
        s3.put_object(Bucket=name, Key=key, Body=data)
    with pytest.raises(InvalidInput, match="is a folder") as caught:
        client.put(f"s3://{name}/p", "data")
    assert "put it with -r" in caught.value.hint
    assert client.put(f"s3://{name}/p", "data", recursive=True, message="1").files == 3
    assert client.read("data:/p/big") == BIG
    assert client.put(f"s3://{name}/p/", "data:/p", recursive=True).unchanged == 3
    client.put(f"s3://{name}/p/big", "data:/one", message="2")
    assert client.read("data:/one") == BIG
    with pytest.raises(NotFound):
        client.put(f"s3://{name}/nothing/", "data", recursive=True)


def test_fsspec_reads_it(client: datavc.Client, place: str, repo: str, source: Path) -> None:
    client.import_external(f"{source}/", "data", message="1")
    DatavcFileSystem.clear_instance_cache()
    filesystem = fsspec.filesystem("datavc")
    with filesystem.open("data/main/big.bin", "rb") as file:
        file.seek(2_000_000)
        assert file.read(10) == BIG[2_000_000:2_000_010]
    assert filesystem.info("data/main/big.bin")["kind"] == "external"
    filesystem.cp_file("data/main/a.txt", "data/main/b.txt")
    assert listed(client)["b.txt"] == f"file://{source}/a.txt"
    (source / "a.txt").unlink()
    with pytest.raises(SourceChanged, match=r"data/main/a\.txt"):
        filesystem.cat_file("data/main/a.txt")
    filesystem._client.close()
    DatavcFileSystem.clear_instance_cache()


SPEC = {
    "pipeline": {"name": "sizes"},
    "transform": {"cmd": ["sh"], "stdin": ["wc -c < $DATAVC_PFS/data/a.txt > $DATAVC_PFS/out/n"]},
    "input": {"pfs": {"repo": "data", "glob": "/a.txt"}},
}


def test_a_pipeline_in_this_process_reads_it(
    empty_home: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAVC_EXECUTOR", "process")
    with datavc.connect(home=tmp_path / "own") as client:
        client.create_repo("data")
        client.create_pipeline(SPEC)
        client.import_external(f"{source}/", "data", message="1")
        assert client.read("sizes:/n").strip() == b"4"
        (source / "a.txt").write_text("12345")
        done = client.import_external(f"{source}/", "data", message="2", run=False)
        (source / "a.txt").unlink()
        jobs = client.run_pipelines(client.resolve(f"data@{done.commit}"))
        assert [job.state.value for job in jobs] == ["failure"]
        assert "external file '/data/a.txt'" in jobs[0].reason
        assert "is gone" in jobs[0].reason


@pytest.mark.parametrize("opened", [False, True])
def test_a_server_reads_for_others_what_was_opened(
    tmp_path: Path, source: Path, opened: bool
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not for you")
    (source / "way out").symlink_to(secret)
    allowed = (f"file://{source}",) if opened else ()
    with (
        running_server(tmp_path / "home", engine=True, allow_external=allowed) as url,
        datavc.connect(url) as client,
        httpx.Client(base_url=f"{url}/api/v1/repos/data/refs/main/files") as http,
    ):
        client.create_repo("data")
        client.create_pipeline(SPEC)
        client.import_external(
            f"{source}/", "data", links=LinkHandling.FOLLOW, message="1", run=False
        )
        client.import_external(secret, "data", message="2", run=False)
        # Whoever reads from here goes to the source itself, and may.
        assert client.read("data:/secret") == b"not for you"
        for path in ("/secret", "/way out"):
            answer = http.get(path)
            assert (answer.status_code, answer.json()["code"]) == (403, "access_denied")
        answer = http.get("/a.txt", headers={"Range": "bytes=1-2"})
        job = client.wait(client.resolve("data@main~1").run_id or "")[0]
        if opened:
            assert (answer.status_code, answer.content) == (206, b"ne")
            assert job.state.value == "success"
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "access_denied")
            assert job.state.value == "failure"
            assert "does not read" in job.reason
        (source / "a.txt").unlink()
        if opened:
            answer = http.get("/a.txt")
            assert (answer.status_code, answer.json()["code"]) == (422, "source_changed")


def test_a_server_fetches(tmp_path: Path, web: Web) -> None:
    web.offer("/open/a.bin", BIG)
    web.offer("/secret", b"not for you")
    web.offer("/open/redirect", Page(redirect="/secret"))
    with (
        running_server(
            tmp_path / "home", allow_fetch=(f"{web.url}/open",), max_fetch=len(BIG)
        ) as url,
        datavc.connect(url) as client,
    ):
        client.create_repo("data")
        assert client.fetch(f"{web.url}/open/a.bin", "data:/in/", message="1").files == 1
        assert client.read("data:/in/a.bin") == BIG
        assert client.fetch(f"{web.url}/open/a.bin", "data:/in").unchanged == 1
        assert client.fetch(f"{web.url}/open/a.bin", "data:/b").staged is not None
        for refused in ("/secret", "/open/redirect", "/open/../secret"):
            with pytest.raises(AccessDenied, match="no public address"):
                client.fetch(f"{web.url}{refused}", "data:/x", message="no")
        with pytest.raises(AccessDenied, match="does not fetch from"):
            client.fetch("s3://bucket/key", "data:/x", message="no")
        for malformed in ("file:///etc/passwd", "/etc/passwd", "ftp://host/x"):
            with pytest.raises(InvalidInput, match="does not fetch"):
                client.fetch(malformed, "data:/x", message="no")
        with pytest.raises(InvalidInput) as caught:
            client.fetch("http://user:pa55@host/x", "data:/x", message="no")
        assert "pa55" not in str(caught.value)
        web.offer("/open/a.bin", BIG + b"more")
        with pytest.raises(InvalidInput, match="larger than"):
            client.fetch(f"{web.url}/open/a.bin", "data:/x", message="no")
        with pytest.raises(NotFound):
            client.stat("data:/x")
    with (
        running_server(tmp_path / "home", fetch=False) as url,
        datavc.connect(url) as client,
        pytest.raises(AccessDenied, match="fetches nothing"),
    ):
        client.fetch(f"{web.url}/open/a.bin", "data:/x", message="no")


def test_fetching_by_the_command_line(
    place: str, cli: CommandLine, client: datavc.Client, repo: str, web: Web
) -> None:
    url = web.offer("/a", b"x")
    ran = cli("put", "--by-server", url, "data:/a")
    if place == "embedded":
        assert (ran.code, "no server" in ran.err) == (2, True)
    else:
        # What is on the server's own network is not for its clients.
        assert (ran.code, "no public address" in ran.err) == (1, True)
    assert cli("put", "--by-server", url, url, "data:/a").code == 2
    assert not web.asked


@pytest.mark.s3
def test_a_server_fetches_from_an_opened_bucket(tmp_path: Path, bucket: tuple[Any, str]) -> None:
    s3, name = bucket
    for key in ("open/a", "open/b", "opened", "closed/c"):
        s3.put_object(Bucket=name, Key=key, Body=key.encode())
    with (
        running_server(tmp_path / "home", allow_fetch=(f"s3://{name}/open",)) as url,
        datavc.connect(url) as client,
    ):
        client.create_repo("data")
        done = client.fetch(f"s3://{name}/open/", "data", recursive=True, message="1")
        assert done.files == 2
        assert client.read("data:/a") == b"open/a"
        for closed in ("opened", "closed/c", "open/../closed/c", ""):
            with pytest.raises((AccessDenied, InvalidInput)):
                client.fetch(f"s3://{name}/{closed}", "data:/x", recursive=True, message="no")
