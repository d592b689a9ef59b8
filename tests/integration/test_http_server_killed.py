"""A server that is killed while files are put: nothing half-visible, and the next try succeeds."""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import datavc
from datavc.errors import Unavailable
from tests.services.server_process import ServerProcess

NOISE = random.Random(6).randbytes(12 * 1024 * 1024)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerProcess]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("datavc.client.http_session.ATTEMPTS", 2)
    made = ServerProcess(tmp_path / "home")
    yield made
    made.close()


class Killing(io.BytesIO):
    """A file in the middle of which the server is killed."""

    def __init__(self, server: ServerProcess) -> None:
        super().__init__(NOISE)
        self._server = server

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > len(NOISE) // 2 and self._server.is_running:
            self._server.stop(signal.SIGKILL)
        return super().read(size)


@pytest.mark.parametrize(("way", "message"), [("--direct", None), ("--no-direct", "at once")])
def test_killed_in_the_middle_of_a_put(
    server: ServerProcess, way: str, message: str | None
) -> None:
    with datavc.connect(server.start(way)) as client:
        client.create_repo("data")
        client.put(b"before", "data:/before", message="before")
        with pytest.raises(Unavailable):
            client.put(Killing(server), "data:/big", message=message)
    with datavc.connect(server.start(way)) as client:
        assert [commit.message for commit in client.log("data")] == ["before"]
        assert client.status("data").staged == ()
        assert [info.path for info in client.ls("data")] == ["before"]
        client.put(NOISE, "data:/big", message="again")
        assert client.read("data:/big") == NOISE
        assert client.read("data:/before") == b"before"


def test_a_client_outlives_a_restart(server: ServerProcess) -> None:
    with datavc.connect(server.start("--no-direct")) as client:
        client.create_repo("data")
        server.stop(signal.SIGKILL)
        server.start("--no-direct")
        assert client.put(b"x", "data:/a", message="m").commit
        assert client.read("data:/a") == b"x"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop(server: ServerProcess, tmp_path: Path, number: signal.Signals) -> None:
    with datavc.connect(server.start()) as client:
        client.create_repo("data")
        code, errors = server.stop(number)
    assert (code, errors) == (0, "")
    assert list((tmp_path / "home" / "store" / ".probe").iterdir()) == []


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "datavc_cli", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=60,
    )


def test_others_are_served_only_with_a_token(tmp_path: Path) -> None:
    done = run("--home", str(tmp_path / "h"), "serve", "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert "needs a token" in done.stderr
    assert not (tmp_path / "h").exists()


def test_a_token_from_a_file(server: ServerProcess, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("  a-token-that-is-long-enough\n")
    url = server.start("--token-file", str(token))
    with pytest.raises(datavc.errors.AccessDenied):
        datavc.connect(url)
    with datavc.connect(url, token="a-token-that-is-long-enough") as client:
        assert client.list_repos() == []


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_a_token_file_that_is_none(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    done = run("serve", "--port", "0", "--token-file", str(tmp_path / "token"))
    assert done.returncode == 2
    assert "token file" in done.stderr


def test_a_port_that_is_taken(server: ServerProcess, tmp_path: Path) -> None:
    server.start()
    done = run("--home", str(tmp_path / "other"), "serve", "--port", str(server.port))
    assert done.returncode == 2
    assert "cannot listen" in done.stderr


def test_an_engine_of_its_own(server: ServerProcess, tmp_path: Path) -> None:
    spec = {
        "pipeline": {"name": "copy"},
        "transform": {"cmd": ["sh", "-c", 'cp "$DATAVC_PFS"/data/* "$DATAVC_PFS/out/"']},
        "input": {"pfs": {"repo": "data", "glob": "/*"}},
    }
    with datavc.connect(server.start("--no-engine")) as client:
        client.create_repo("data")
        client.create_pipeline(spec)
        client.put(b"x", "data:/a", message="m")
        with pytest.raises(datavc.errors.Conflict):
            client.wait("data", timeout=0.5)
        engine = subprocess.Popen(
            [sys.executable, "-m", "datavc_cli", "engine", "--executor", "process"],
            env={**os.environ, "DATAVC_HOME": str(tmp_path / "home")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert [job.state for job in client.wait("data", timeout=60)] == ["success"]
        finally:
            engine.terminate()
            out, errors = engine.communicate(timeout=60)
        assert (engine.returncode, errors) == (0, "")
        assert out.startswith("datavc engine works on")


def test_an_engine_shows_its_metrics(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "datavc_cli", "--home", str(tmp_path / "home"), "engine"]
    with subprocess.Popen(
        [*command, "--executor", "process", "--metrics", "0", "--log-format", "json"],
        stdout=subprocess.PIPE,
        text=True,
    ) as engine:
        assert engine.stdout is not None
        try:
            line = engine.stdout.readline()
            text = httpx.get(line.split()[-1], trust_env=False).raise_for_status().text
        finally:
            engine.terminate()
    assert engine.returncode == 0
    assert "datavc_outbox_events 0.0" in text
    assert "process_resident_memory_bytes" in text


def test_metrics_where_nothing_can_listen(tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    done = run("--home", home, "engine", "--executor", "process", "--metrics", "nowhere")
    assert done.returncode == 2
    assert "no address for metrics" in done.stderr
