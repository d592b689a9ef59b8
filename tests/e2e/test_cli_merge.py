"""Merge, revert and cherry-pick, by the command line."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import CommandLine


def put(cli: CommandLine, address: str, content: str) -> None:
    cli.ok("put", "-", address, "-m", f"{address} {content}", stdin=content.encode())


@pytest.fixture
def sides(cli: CommandLine) -> None:
    """``main`` and ``dev`` of the repo ``data``, which both changed ``both``."""
    cli.ok("repo", "create", "data")
    put(cli, "data:/both", "old")
    put(cli, "data:/kept", "kept")
    cli.ok("branch", "create", "data@dev", "--from", "main")
    put(cli, "data:/both", "main")
    put(cli, "data:/ours", "1")
    put(cli, "data@dev:/both", "dev")
    put(cli, "data@dev:/theirs", "2")


def files(cli: CommandLine, ref: str) -> dict[str, str]:
    listed = cli.ok("ls", "-R", f"data@{ref}", "--json").json
    assert isinstance(listed, list)
    return {one["path"]: cli.ok("cat", f"data@{ref}:/{one['path']}").out for one in listed}


def test_a_conflict_changes_nothing_and_is_told(cli: CommandLine, sides: None) -> None:
    before = files(cli, "main")
    ran = cli("merge", "data@dev", "main")
    assert ran.code == 4
    assert "conflict  /both  (before 3 B, ours 4 B, theirs 3 B)" in ran.out
    assert "--strategy" in ran.err
    told = cli("merge", "data@dev", "main", "--json")
    assert told.code == 4
    assert '"path": "both"' in told.out
    assert files(cli, "main") == before


@pytest.mark.parametrize(("strategy", "both"), [("ours", "main"), ("theirs", "dev")])
def test_a_strategy_decides_conflicts_alone(
    cli: CommandLine, sides: None, strategy: str, both: str
) -> None:
    out = cli.ok("merge", "data@dev", "main", "--strategy", strategy, "-m", "together").out
    assert "1 conflict decided" in out
    assert files(cli, "main") == {"both": both, "kept": "kept", "ours": "1", "theirs": "2"}
    (newest, *_) = cli.ok("log", "data", "--json").json  # type: ignore[misc]
    assert newest["message"] == "together"
    assert len(newest["parents"]) == 2
    assert "nothing to do" in cli.ok("merge", "data@dev", "main").out
    assert "fast-forward" in cli.ok("merge", "data@main", "dev").out
    assert files(cli, "dev") == files(cli, "main")
    assert cli("merge", "data@dev", "main", "--strategy", "mine").code == 2


def test_no_fast_forward(cli: CommandLine, sides: None) -> None:
    cli.ok("branch", "create", "data@late", "--from", "dev~2")
    cli.ok("merge", "data@dev", "late", "--no-ff")
    assert files(cli, "late") == files(cli, "dev")
    (newest, *_) = cli.ok("log", "data@late", "--json").json  # type: ignore[misc]
    assert len(newest["parents"]) == 2
    cli.ok("branch", "create", "data@empty")
    cli.ok("merge", "data@dev", "empty")
    assert files(cli, "empty") == files(cli, "dev")


def test_revert(cli: CommandLine, sides: None) -> None:
    assert "reverted" in cli.ok("revert", "data@main").out
    assert files(cli, "main") == {"both": "main", "kept": "kept"}
    assert cli("revert", "data@main", "main~1").code == 4
    cli.ok("revert", "data@main", "main~2")
    assert files(cli, "main") == {"both": "old", "kept": "kept"}
    assert cli("revert", "data@main", "nothing").code == 3
    cli.ok("revert", "data@main", "main~5")
    assert files(cli, "main") == {"kept": "kept"}
    again = cli("revert", "data@main", "main~6")
    assert again.code == 4
    assert "holds that already" in again.err


def test_a_merge_is_reverted_against_one_parent(cli: CommandLine, sides: None) -> None:
    before = files(cli, "main")
    cli.ok("merge", "data@dev", "main", "--strategy", "theirs")
    assert cli("revert", "data@main").code == 2
    cli.ok("revert", "data@main", "--mainline", "1")
    assert files(cli, "main") == before
    assert cli("revert", "data@main", "main~1", "--mainline", "3").code == 2


def test_cherry_pick(cli: CommandLine, sides: None) -> None:
    cli.ok("cherry-pick", "data@dev", "data@main")
    assert files(cli, "main")["theirs"] == "2"
    (newest, *_) = cli.ok("log", "data", "--json").json  # type: ignore[misc]
    assert "cherry-picked from data@" in newest["message"]
    assert cli("cherry-pick", "data@dev", "data@main").code == 4
    assert cli("cherry-pick", "data@dev~1", "data@main").code == 4
    cli.ok("repo", "create", "other")
    cli.ok("cherry-pick", "data@dev", "other@main")
    assert cli.ok("cat", "other:/theirs").out == "2"
