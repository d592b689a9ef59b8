"""Completion, asked for as shells do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import CommandLine

pytestmark = pytest.mark.parametrize("place", ["embedded"], indirect=True)


@pytest.fixture
def complete(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    cli.ok("repo", "create", "data")
    cli.ok("repo", "create", "dates")
    cli.ok("put", "-", "data:/a", "-m", "a", stdin=b"a")
    cli.ok("branch", "create", "data@side", "--from", "main")
    cli.ok("tag", "create", "data@seen")
    cli.ok("checkout", "data", "work")

    def ask(*words: str) -> list[str]:
        with monkeypatch.context() as shell:
            shell.setenv("_DATAVC_COMPLETE", "complete_bash")
            shell.setenv("COMP_WORDS", "\n".join(["datavc", *words]))
            shell.setenv("COMP_CWORD", str(len(words)))
            return sorted(cli().out.split())

    return ask


def test_bash_takes_addresses_apart(complete: Callable[..., list[str]]) -> None:
    assert complete("log", "da") == ["data", "dates"]
    assert complete("log", "data", "@") == ["main", "seen", "side"]
    assert complete("log", "data", "@", "s") == ["seen", "side"]
    assert complete("branch", "delete", "data", "@", "s") == ["side"]
    assert complete("diff", "data", "@", "main", "da") == ["data", "dates"]
    assert complete("log", "nowhere", "@", "s") == []


def test_refs_of_a_working_copy(
    complete: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert complete("switch", "") == []
    monkeypatch.chdir(Path.cwd() / "work")
    assert complete("switch", "s") == ["seen", "side"]
