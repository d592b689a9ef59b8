"""Repos, branches, tags and commits, by the command line."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import CommandLine


@pytest.fixture
def commits(cli: CommandLine) -> list[str]:
    """The repo ``data`` with two commits: their ids, the newest first."""
    cli.ok("repo", "create", "data", "-d", "numbers")
    for number in (1, 2):
        cli.ok("put", "-", f"data:/{number}", "-m", f"commit {number}", stdin=b"%d" % number)
    listed = cli.ok("log", "data", "--json").json
    assert isinstance(listed, list)
    assert [commit["message"] for commit in listed] == ["commit 2", "commit 1"]
    assert {commit["author"] for commit in listed} == {"ada@example"}
    return [commit["id"] for commit in listed]


def test_repos(cli: CommandLine, commits: list[str]) -> None:
    assert "numbers" in cli.ok("repo", "list").out
    info = cli.ok("repo", "inspect", "data", "--json").json
    assert isinstance(info, dict)
    assert (info["files"], info["bytes"], info["default_branch"]) == (2, 2, "main")
    assert cli("repo", "create", "data").code == 4
    assert cli("repo", "create", "../etc").code == 2
    cli.ok("repo", "delete", "data")
    assert cli("repo", "inspect", "data").code == 3
    assert "no repo yet" in cli.ok("repo", "list").err
    assert cli.ok("repo", "list", "--json").json == []


def test_refs_and_prefixes(cli: CommandLine, commits: list[str]) -> None:
    new, old = commits
    assert cli.ok("cat", f"data@{new[:8]}:/2").out == "2"
    assert cli("cat", f"data@{old[:8]}:/2").code == 3
    assert cli("cat", "data@main~1:/2").code == 3
    assert cli.ok("cat", "data@main~1:/1").out == "1"
    assert cli.ok("cat", f"datavc://data/{old}/1").out == "1"
    assert new[:12] in cli.ok("log", "data", "-n", "1").out


def test_branches(cli: CommandLine, commits: list[str]) -> None:
    new, old = commits
    cli.ok("branch", "create", "data@dev/x", "--from", "main~1")
    assert old[:12] in cli.ok("branch", "list", "data").out
    assert cli("branch", "create", "data@dev/x").code == 4
    assert cli("branch", "create", "data").code == 2
    assert cli("branch", "move", "data@dev/x", "main", "--expect", "main").code == 4
    moved = cli.ok("branch", "move", "data@dev/x", "main", "--expect", old, "--json").json
    assert isinstance(moved, dict)
    assert moved["head"] == new
    cli.ok("put", "-", "data@dev/x:/3", "-m", "on dev", stdin=b"3")
    assert cli("cat", "data:/3").code == 3
    cli.ok("branch", "delete", "data@dev/x")
    assert cli("cat", "data@dev/x:/3").code == 3
    log = cli.ok("reflog", "data@dev/x").out
    assert "branch moved to main" in log
    assert old[:12] in log


def test_tags(cli: CommandLine, commits: list[str]) -> None:
    _, old = commits
    assert "no tag" in cli.ok("tag", "list", "data").err
    made = cli.ok("tag", "create", "data@v1", "--at", "main~1", "--json").json
    assert isinstance(made, dict)
    assert made["commit"] == old
    assert cli("tag", "create", "data@v1").code == 4
    assert cli.ok("ls", "data@v1").out == "/1\n"
    cli.ok("tag", "delete", "data@v1")
    assert cli("ls", "data@v1").code == 3
    assert cli("tag", "delete", "data@v1").code == 3


def test_author_of_the_command_line(cli: CommandLine, commits: list[str]) -> None:
    cli.ok("--author", "bob", "put", "-", "data:/9", "-m", "bob's", stdin=b"9")
    listed = cli.ok("log", "data", "-n", "1", "--json").json
    assert isinstance(listed, list)
    assert listed[0]["author"] == "bob"
