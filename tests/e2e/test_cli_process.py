"""The command as a process of its own: pipes, signals, start-up."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import datavc
from tests.services.http_server import running_server

COMMAND = [sys.executable, "-m", "datavc_cli"]


def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments], input=stdin, capture_output=True, check=False, timeout=60
    )


def imported_by(*arguments: str) -> set[str]:
    """The modules that a command imports. It must succeed."""
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "datavc_cli", *arguments],
        capture_output=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in ran.stderr.decode().splitlines()}
    assert "datavc_cli.main" in imported
    return imported


def test_help_imports_no_database() -> None:
    heavy = {"sqlalchemy", "httpx", "blake3", "yaml", "datavc.client.client", "uvicorn"}
    assert imported_by("--help").isdisjoint(heavy)


@pytest.mark.parametrize(
    "verb",
    [
        ["ls", "data"],
        ["log", "data"],
        ["status", "data"],
        ["diff", "data"],
        ["branch", "create", "data@new"],
    ],
    ids=lambda verb: verb[0],
)
def test_a_short_verb_imports_little(verb: list[str]) -> None:
    with datavc.connect() as client:
        client.create_repo("data")
        client.put(b"x", "data:/x", message="x")
    imported = imported_by(*verb)
    assert "datavc.versioning.resolve" in imported
    needless = {
        "alembic",
        "cronsim",
        "cryptography",
        "datavc.client.working_copy",
        "datavc.db.tables.access",
        "datavc.db.tables.jobs",
        "datavc.engine",
        "datavc.model.account",
        "datavc.model.job",
        "datavc.store.content",
        "datavc.store.external.source_access",
        "datavc.store.pack_session",
        "datavc.versioning.ingest",
        "datavc.versioning.reachability",
        "datavc.versioning.restore",
        "httpx",
        "multiprocessing",
        "pathspec",
        "pydantic",
        "rich",
        "sqlalchemy.orm",
        "yaml",
    }
    assert imported.isdisjoint(needless)


def test_a_command_for_a_server_imports_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with running_server(tmp_path / "home") as url:
        with datavc.connect(url) as client:
            client.create_repo("data")
            client.put(b"x", "data:/x", message="x")
        imported = imported_by("--url", url, "ls", "data")
    assert "datavc.client.http" in imported
    needless = {
        "cronsim",
        "datavc.client.presigned_backend",
        "datavc.engine",
        "datavc.model.collection",
        "datavc.model.job",
        "datavc.model.pipeline",
        "pydantic",
        "rich",
        "sqlalchemy",
        "yaml",
    }
    assert imported.isdisjoint(needless)


def test_content_comes_out_as_it_went_in() -> None:
    content = bytes(range(256)) * 1000
    assert run("repo", "create", "data").returncode == 0
    assert run("put", "-", "data:/x", "-m", "x", stdin=content).returncode == 0
    assert run("cat", "data:/x").stdout == content


def test_reader_that_goes_away_is_no_error() -> None:
    with datavc.connect() as client:
        client.create_repo("data")
        client.put(b"x" * 10_000_000, "data:/x", message="x")
    process = subprocess.Popen(
        [*COMMAND, "cat", "data:/x"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read(10) == b"x" * 10
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 141


def test_ctrl_c_is_one_line() -> None:
    with datavc.connect() as client:
        client.create_repo("data")
    # Where the tests run in the background, a shell has them ignore it, and so would the process.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [*COMMAND, "put", "-", "data:/x", "-m", "x"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    signal.signal(signal.SIGINT, before)
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.write(b"x" * 1_000_000)
    process.stdin.flush()
    # Python may miss a signal that comes right before it reads.
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(2)
    said = process.stderr.read()
    process.stdin.close()
    process.stderr.close()
    assert process.returncode == 130
    assert said == b"datavc: interrupted\n"
    with datavc.connect() as client:
        assert list(client.ls("data")) == []


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_of_repos(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with datavc.connect() as client:
        client.create_repo("data")
        client.put(b"x", "data:/x", message="x")
    monkeypatch.setenv("_DATAVC_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("COMP_WORDS", "datavc ls da")
    monkeypatch.setenv("COMP_CWORD", "2")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "datavc ls da")
    assert b"data" in run().stdout
