"""A datavc to work with, in this process and behind HTTP, and the command line on it."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import datavc
from datavc_cli.main import run
from tests.services.http_server import running_server


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder as it is when it was just made; making one takes longer than copying it."""
    home = tmp_path_factory.mktemp("empty-home")
    datavc.connect(home=home).close()
    return home


@pytest.fixture(params=["embedded", "http"])
def place(
    request: pytest.FixtureRequest,
    empty_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """Points the environment at an empty datavc; gives which kind it is."""
    home = tmp_path / "home"
    shutil.copytree(empty_home, home)
    monkeypatch.setenv("DATAVC_HOME", str(home))
    monkeypatch.setenv("DATAVC_EXECUTOR", "process")
    monkeypatch.setenv("DATAVC_AUTHOR", "ada@example")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    if request.param == "embedded":
        yield "embedded"
        return
    with running_server(home, engine=True) as url:
        monkeypatch.setenv("DATAVC_URL", url)
        yield "http"


@pytest.fixture
def client(place: str) -> Iterator[datavc.Client]:
    """A client of that datavc."""
    with datavc.connect() as opened:
        yield opened


@dataclass(frozen=True)
class Ran:
    """What a command line came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> object:
        """What it printed, read as JSON."""
        return json.loads(self.out)


class CommandLine:
    """Runs command lines in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Ran:
        """Run one, whatever comes of it."""
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        self._capsys.readouterr()
        code = run(arguments)
        sys.stdout.flush()
        captured = self._capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    def ok(self, *arguments: str, stdin: bytes = b"") -> Ran:
        """Run one that must succeed."""
        ran = self(*arguments, stdin=stdin)
        assert ran.code == 0, ran.err
        return ran


@pytest.fixture
def cli(
    place: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> CommandLine:
    """The command line on that datavc."""
    return CommandLine(capsys, monkeypatch)
