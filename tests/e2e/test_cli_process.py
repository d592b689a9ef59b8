"""The command as a process of its own: pipes, signals, start-up."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys

import pytest

import datavc

COMMAND = [sys.executable, "-m", "datavc_cli"]


def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments], input=stdin, capture_output=True, check=False, timeout=60
    )


def test_help_imports_no_database() -> None:
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "datavc_cli", "--help"],
        capture_output=True,
        check=True,
    )
    assert b"datavc" in ran.stdout
    imported = {line.rpartition("|")[2].strip() for line in ran.stderr.decode().splitlines()}
    assert "datavc_cli.main" in imported
    heavy = {"sqlalchemy", "httpx", "blake3", "yaml", "datavc.client.client", "uvicorn"}
    assert imported.isdisjoint(heavy)


@pytest.mark.parametrize("verb", [["ls", "data"], ["log", "data"], ["status", "data"]])
def test_a_verb_that_reads_imports_nothing_that_writes(verb: list[str]) -> None:
    with datavc.connect() as client:
        client.create_repo("data")
        client.put(b"x", "data:/x", message="x")
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "datavc_cli", *verb],
        capture_output=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in ran.stderr.decode().splitlines()}
    assert "datavc.versioning.resolve" in imported
    needless = {
        "alembic",
        "cronsim",
        "cryptography",
        "datavc.client.working_copy",
        "datavc.engine",
        "datavc.store.content",
        "datavc.store.external.source_access",
        "datavc.store.pack_session",
        "datavc.versioning.ingest",
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
