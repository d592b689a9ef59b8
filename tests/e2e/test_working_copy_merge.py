"""Merging in a working copy, by the command line, in this process and behind HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import CommandLine
from tests.e2e.test_cli_merge import files, put


@pytest.fixture
def work(cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working copy of ``main``, which parted from ``dev``: both changed ``a`` and ``d/b``."""
    cli.ok("repo", "create", "data")
    put(cli, "data:/a", "old")
    put(cli, "data:/d/b", "old")
    cli.ok("branch", "create", "data@dev", "--from", "main")
    for branch in ("main", "dev"):
        put(cli, f"data@{branch}:/a", branch)
        put(cli, f"data@{branch}:/d/b", branch)
        put(cli, f"data@{branch}:/{branch}", "new")
    cli.ok("checkout", "data", "work")
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def test_the_other_side_is_written_beside(cli: CommandLine, work: Path) -> None:
    ran = cli("merge", "dev")
    assert ran.code == 4
    assert [line.split()[1] for line in ran.out.splitlines()] == ["/a", "/d/b"]
    assert ".datavc/merge/theirs" in ran.err
    sides = work / ".datavc" / "merge"
    assert (sides / "theirs" / "d" / "b").read_text() == "dev"
    assert (sides / "before" / "a").read_text() == "old"
    assert "Nothing is changed" in cli.ok("status").err
    (work / "a").write_text("main and dev")
    done = cli.ok("merge", "data@dev", "--use", "a", "--theirs", "d", "-m", "both")
    assert "2 conflicts decided" in done.out
    assert "the working copy is at" in done.out
    assert not sides.exists()
    assert files(cli, "main") == {"a": "main and dev", "d/b": "dev", "dev": "new", "main": "new"}
    assert "Nothing is changed" in cli.ok("status").err
    assert (work / "d" / "b").read_text() == "dev"
    (newest, *_) = cli.ok("log", "data", "--json").json  # type: ignore[misc]
    assert len(newest["parents"]) == 2


def test_what_was_changed_in_the_folder_is_not_given_up(cli: CommandLine, work: Path) -> None:
    (work / "dev").write_text("mine")
    (work / "free").write_text("mine too")
    before = files(cli, "main")
    ran = cli("merge", "dev", "--strategy", "theirs")
    assert ran.code == 4
    assert "'dev' was changed here, and by dev" in ran.err
    assert files(cli, "main") == before
    (work / "dev").unlink()
    cli.ok("merge", "dev", "--strategy", "theirs")
    assert cli.ok("status").out.splitlines()[1:] == ["  new:       free"]


def test_a_merge_needs_a_branch_that_is_up_to_date(cli: CommandLine, work: Path) -> None:
    put(cli, "data:/later", "later")
    ran = cli("merge", "dev")
    assert ran.code == 4
    assert "datavc pull" in ran.err
    cli.ok("switch", "main~1")
    assert cli("merge", "dev").code == 4
    assert cli("merge", "other@dev").code == 2
    assert cli("merge", "data@dev", "--use", "nowhere").code in (2, 4)


def test_a_part_of_a_repo_takes_a_merge_too(
    cli: CommandLine, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.ok("checkout", "data:/d", str(tmp_path / "part"))
    monkeypatch.chdir(tmp_path / "part")
    Path("b").write_text("by hand")
    cli.ok("merge", "dev", "--use", "b", "--ours", "a")
    assert files(cli, "main") == {"a": "main", "d/b": "by hand", "dev": "new", "main": "new"}


def test_a_relative_ref_stays_at_its_commit(cli: CommandLine, work: Path) -> None:
    cli.ok("switch", "main~1")
    put(cli, "data:/later", "later")
    status = cli.ok("status")
    assert "by now" not in status.err
    assert "already" in cli.ok("pull").out
    assert "datavc switch -c" in cli("commit", "-m", "x").err
    cli.ok("switch", "main")
    assert (work / "later").exists()
