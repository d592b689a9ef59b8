"""What the command line says and how it exits when something is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import CommandLine

MISTAKES = [
    (["nonsense"], 2, "nonsense"),
    (["put", "x"], 2, "Missing argument"),
    (["ls", "data", "--nonsense"], 2, "--nonsense"),
    (["log", "data", "-n", "many"], 2, "--limit"),
    (["repo", "create", "bad name"], 2, "bad name"),
    (["cat", "data:/../x"], 2, ".."),
    (["cat", "a@b@c:/x"], 2, "b@c"),
    (["repo", "inspect", "nope"], 3, "nope"),
    (["cat", "data:/nope"], 3, "nope"),
    (["ls", "data@nope"], 3, "nope"),
    (["repo", "create", "data"], 4, "data"),
    (["branch", "move", "data@main", "first", "--expect", "first"], 4, "main"),
]


def test_one_line_and_a_hint(cli: CommandLine) -> None:
    cli.ok("repo", "create", "data")
    cli.ok("put", "-", "data:/x", "-m", "one", stdin=b"x")
    cli.ok("tag", "create", "data@first")
    cli.ok("put", "-", "data:/y", "-m", "two", stdin=b"y")
    for arguments, code, said in MISTAKES:
        ran = cli(*arguments)
        assert (ran.code, ran.out) == (code, ""), arguments
        first, hint = ran.err.splitlines()
        assert first.startswith("datavc: "), arguments
        assert said in first, arguments
        assert hint.startswith("hint: "), arguments
        as_json = cli(*arguments, "--json")
        assert as_json.code == code, arguments
        error = json.loads(as_json.err)
        assert set(error) == {"code", "message", "hint"}
        assert said in error["message"], arguments


def test_unreadable_source(cli: CommandLine, tmp_path: Path) -> None:
    cli.ok("repo", "create", "data")
    (tmp_path / "broken").symlink_to("nowhere")
    ran = cli("put", "--follow-links", "broken", "data")
    assert ran.code == 1
    assert "broken" in ran.err
    assert "no file yet" in cli.ok("ls", "data").err


def test_nobody_sees_a_traceback(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("oh\nno")

    monkeypatch.setattr("datavc.connect", fail, raising=False)
    ran = cli("repo", "list")
    assert ran.code == 1
    assert ran.err.splitlines()[0] == "datavc: RuntimeError: oh no"
    monkeypatch.setenv("DATAVC_DEBUG", "1")
    with pytest.raises(RuntimeError, match="oh"):
        cli("repo", "list")


def test_interrupt(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("datavc.connect", interrupt, raising=False)
    ran = cli("repo", "list")
    assert ran.code == 130
    assert ran.err == "datavc: interrupted\n"


def test_quiet_prints_results_only(cli: CommandLine) -> None:
    assert cli.ok("repo", "create", "data", "--quiet").out == ""
    put = cli.ok("put", "-", "data:/x", "-q", stdin=b"x")
    assert (put.out, put.err) == ("", "")
    cli.ok("commit", "data", "-q")
    assert cli.ok("ls", "data", "-q").out == "/x\n"
