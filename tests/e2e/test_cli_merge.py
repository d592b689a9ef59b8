"""Merge, revert and cherry-pick, by the command line."""

from __future__ import annotations

from pathlib import Path

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
    assert "--ours PATH" in ran.err
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
    assert cli("merge", "data@dev", "other@main").code == 2
    assert "nothing to do" in cli.ok("merge", "data@dev", "data@main").out


@pytest.fixture
def parted(cli: CommandLine, sides: None) -> None:
    """The same, with more that both changed: ``t/1``, ``t/2``, and ``x``, a file and a folder."""
    for branch, name in (("main", "x"), ("dev", "x/in")):
        put(cli, f"data@{branch}:/{name}", branch)
        put(cli, f"data@{branch}:/t/1", branch)
        put(cli, f"data@{branch}:/t/2", branch)


def test_conflicts_are_decided_path_by_path(cli: CommandLine, parted: None, tmp_path: Path) -> None:
    told = cli("merge", "data@dev", "main").out.splitlines()
    assert [line.split()[1] for line in told] == ["/both", "/t/1", "/t/2", "/x"]
    assert "ours 4 B, theirs a folder" in told[-1]
    left = cli("merge", "data@dev", "main", "--theirs", "t", "--ours", "t/2")
    assert left.code == 2
    assert "decided twice" in left.err
    left = cli("merge", "data@dev", "main", "--theirs", "t/*", "--ours", "/x")
    assert left.code == 4
    assert [line.split()[1] for line in left.out.splitlines()] == ["/both"]
    assert "1 of them undecided" in left.err
    mine = tmp_path / "mine"
    mine.write_text("both of it")
    decide = ("--use", f"/both={mine}", "--theirs", "t/1", "--theirs", "x", "--strategy", "ours")
    done = cli.ok("merge", "data@dev", "main", *decide, "--json").json
    assert isinstance(done, dict)
    taken = {one["path"]: one["decided"] for one in done["conflicts"]}
    assert taken == {"both": "content", "t/1": "theirs", "t/2": "ours", "x": "theirs"}
    assert len(done["commit"]["parents"]) == 2
    assert files(cli, "main") == {
        "both": "both of it",
        "kept": "kept",
        "ours": "1",
        "t/1": "dev",
        "t/2": "main",
        "theirs": "2",
        "x/in": "dev",
    }


def test_what_is_decided_must_be_in_conflict(
    cli: CommandLine, parted: None, tmp_path: Path
) -> None:
    before = files(cli, "main")
    ran = cli("merge", "data@dev", "main", "--strategy", "ours", "--theirs", "bothh")
    assert ran.code == 3
    assert "nothing is in conflict at bothh" in ran.err
    assert "/both, /t/1, /t/2, /x" in ran.err
    mine = tmp_path / "mine"
    mine.write_text("mine")
    ran = cli("merge", "data@dev", "main", "--strategy", "ours", "--use", f"ours={mine}")
    assert ran.code == 3
    ran = cli("merge", "data@dev", "main", "--strategy", "ours", "--use", f"x={mine}")
    assert ran.code == 2
    assert "a folder on the other" in ran.err
    assert cli("merge", "data@dev", "main", "--use", "both").code == 2
    assert cli("merge", "data@dev", "main", "--use", "both=nowhere").code == 2
    assert files(cli, "main") == before
    cli.ok("branch", "create", "data@late", "--from", "dev~1")
    assert cli("merge", "data@dev", "late", "--theirs", "both").code == 3


def test_reverts_and_picks_are_decided_too(cli: CommandLine, parted: None, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    cli.ok("cherry-pick", "data@dev~4", "data@main", "--use", f"both={mine}")
    assert files(cli, "main")["both"] == "mine"
    put(cli, "data:/t/1", "again")
    assert cli("revert", "data@main", "main~3").code == 4
    cli.ok("revert", "data@main", "main~3", "--theirs", "t")
    assert "t/1" not in files(cli, "main")


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
