"""Ref syntax, log, show, undo and protection, by the command line."""

from __future__ import annotations

import pytest

import datavc
from tests.e2e.conftest import CommandLine


@pytest.fixture
def history(cli: CommandLine) -> None:
    cli.ok("repo", "create", "data")
    for number, path in enumerate(("a", "d/b", "a")):
        content = bytes([65 + number]) * 10
        cli.ok("put", "-", f"data:/{path}", "-m", f"commit {number}", stdin=content)


def test_refs(cli: CommandLine, history: None) -> None:
    assert cli.ok("cat", "data@main@{2}:/a").out == "A" * 10
    assert cli.ok("cat", "data@main@{2100-01-01 10:30}:/a").out == "C" * 10
    assert cli("cat", "data@main@{2001-01-01 10:30}:/a").code == 3
    assert cli("cat", "data@main^2:/a").code == 3
    assert cli("cat", "data@main@{soon}:/a").code == 2
    assert cli("put", "-", "data@main@{1}:/a", "-m", "x", stdin=b"x").code == 2


def test_log(cli: CommandLine, history: None) -> None:
    def messages(*arguments: str) -> list[str]:
        found = cli.ok("log", *arguments, "--json").json
        return [one["message"] for one in found]  # type: ignore[attr-defined]

    assert messages("data:/a") == ["commit 2", "commit 0"]
    assert messages("data", "--path", "d") == ["commit 1"]
    assert messages("data@main~2..main") == ["commit 2", "commit 1"]
    assert messages("data@main~2..main:/a") == ["commit 2"]
    assert messages("data", "--grep", "COMMIT 1") == ["commit 1"]
    assert messages("data", "--author", "ada", "--limit", "1") == ["commit 2"]
    assert messages("data", "--since", "1 hour ago") == ["commit 2", "commit 1", "commit 0"]
    assert "No commit is like that" in cli.ok("log", "data", "--until", "2001-01-01").err
    assert cli("log", "data", "--since", "soon").code == 2
    assert cli("log", "data:/a", "--path", "b").code == 2
    assert messages("data@main@{2100-01-01 10:30}", "--path", "a") == ["commit 2", "commit 0"]
    assert messages("data@main@{2}..main") == ["commit 2", "commit 1"]
    assert messages("data@main~1..") == ["commit 2"]
    assert messages("data@..main~1") == []
    assert "A..B" in cli("log", "data@main~1...main").err


def test_show(cli: CommandLine, history: None) -> None:
    shown = cli.ok("show", "data@main~1").out
    assert "A  /d/b  (10 B)" in shown
    assert "    commit 1" in shown
    assert "1 file changed: 1 added" in cli.ok("show", "data@main~1", "--stat").out
    assert "-AAAAAAAAAA" in cli.ok("show", "data:/a", "--patch").out
    found = cli.ok("show", "data", "--json").json
    assert isinstance(found, dict)
    assert [change["path"] for change in found["changes"]] == ["a"]


def test_diff_of_a_range(cli: CommandLine, history: None) -> None:
    def paths(*arguments: str) -> list[str]:
        return cli.ok("diff", *arguments, "--name-only").out.split()

    cli.ok("branch", "create", "data@side", "--from", "main~2")
    cli.ok("put", "-", "data@side:/new", "-m", "side", stdin=b"x")
    assert paths("data@main..side") == ["/a", "/d/b", "/new"]
    assert paths("data@main...side") == ["/new"]
    assert paths("data@side...:/d") == ["/d/b"]
    assert cli("diff", "data@main..side", "@main").code == 2
    cli.ok("branch", "create", "data@alone")
    cli.ok("put", "-", "data@alone:/new", "-m", "alone", stdin=b"x")
    assert "in common" in cli("diff", "data@main...alone").err


def test_undo(cli: CommandLine, history: None) -> None:
    assert "undid 'commit'" in cli.ok("undo", "data").out
    assert cli.ok("cat", "data:/a").out == "A" * 10
    done = cli.ok("undo", "data@main", "--json").json
    assert isinstance(done, dict)
    assert done["jobs"] == []
    assert cli("cat", "data:/d/b").code == 3
    cli.ok("branch", "move", "data@main", "main@{2}")
    assert cli.ok("cat", "data:/a").out == "C" * 10
    cli.ok("tag", "create", "data@v1")
    cli.ok("tag", "delete", "data@v1")
    assert "is at" in cli.ok("undo", "data@v1").out
    assert "is gone" in cli.ok("undo", "data@v1").out
    assert cli("undo", "data@v1").code == 4
    assert cli("undo", "data@main~1").code == 2


def test_protection(cli: CommandLine, client: datavc.Client, history: None) -> None:
    assert "No branch of data" in cli.ok("branch", "protections", "data").err
    assert "take merges only" in cli.ok("branch", "protect", "data", "main").out
    refused = cli("put", "-", "data:/a", "-m", "no", stdin=b"no")
    assert (refused.code, "merges only" in refused.err) == (4, True)
    with pytest.raises(datavc.errors.Protected):
        client.undo("data")
    cli.ok("branch", "create", "data@side", "--from", "main")
    cli.ok("put", "-", "data@side:/a", "-m", "yes", stdin=b"yes")
    cli.ok("merge", "data@side", "main")
    assert cli.ok("cat", "data:/a").out == "yes"
    assert "commits, moves" in cli.ok("branch", "protections", "data").out
    cli.ok("branch", "unprotect", "data", "main")
    assert cli("branch", "unprotect", "data", "main").code == 3
    cli.ok("undo", "data")


def test_a_commit_of_several_repos(cli: CommandLine) -> None:
    for repo in ("one", "two"):
        cli.ok("repo", "create", repo)
    cli.ok("put", "-", "one:/a", stdin=b"1")
    assert cli("commit", "one", "two", "-m", "both").code == 4
    assert cli.ok("log", "one", "--json").json == []
    cli.ok("put", "-", "two:/b", stdin=b"2")
    made = cli.ok("commit", "one", "two@main", "-m", "both", "--json").json
    assert [commit["repo"] for commit in made] == ["one", "two"]  # type: ignore[attr-defined]
    assert cli.ok("cat", "two:/b").out == "2"
    assert cli("commit", "one", "one", "-m", "twice").code == 2
