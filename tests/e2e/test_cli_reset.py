"""Dropping what is staged, by the command line."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import CommandLine


@pytest.fixture
def staged(cli: CommandLine) -> None:
    """A commit, and five changes staged in three steps."""
    cli.ok("repo", "create", "data")
    cli.ok("put", "-", "data:/kept", "-m", "first", stdin=b"kept")
    cli.ok("put", "-", "data:/a/1", stdin=b"1")
    cli.ok("put", "-", "data:/a/1", stdin=b"one")
    cli.ok("put", "-", "data:/a/2", stdin=b"2")
    cli.ok("put", "-", "data:/ab", stdin=b"ab")
    cli.ok("rm", "data:/kept")


def paths(cli: CommandLine) -> set[str]:
    listed = cli.ok("ls", "-R", "data", "--json").json
    assert isinstance(listed, list)
    return {one["path"] for one in listed}


def test_all(cli: CommandLine, staged: None) -> None:
    assert "dropped 4 staged changes" in cli.ok("reset", "data").out
    assert cli("commit", "data", "-m", "nothing").code == 4
    assert paths(cli) == {"kept"}
    assert cli.ok("reset", "data", "--json").json == {"dropped": 0, "kept": 0}


def test_a_folder(cli: CommandLine, staged: None) -> None:
    assert "dropped 2 staged changes, 2 changes still staged" in cli.ok("reset", "data:/a").out
    cli.ok("commit", "data", "-m", "rest")
    assert paths(cli) == {"ab"}


def test_a_file(cli: CommandLine, staged: None) -> None:
    assert cli.ok("reset", "data:/kept", "--json").json == {"dropped": 1, "kept": 3}
    assert cli.ok("reset", "data:/nothing", "--json").json == {"dropped": 0, "kept": 3}
    cli.ok("commit", "data", "-m", "rest")
    assert paths(cli) == {"a/1", "a/2", "ab", "kept"}
    assert cli.ok("cat", "data:/a/1").out == "one"


def test_what_is_not_there(cli: CommandLine, staged: None) -> None:
    assert cli("reset", "nothing").code == 3
    assert cli("reset", "data@nothing").code == 3
    assert cli("reset", "data@main~1").code == 2
