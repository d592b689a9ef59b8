"""Garbage collection, checks, usage and retention, by the command line."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import datavc
from tests.e2e.conftest import CommandLine


@pytest.fixture
def history(cli: CommandLine) -> None:
    cli.ok("repo", "create", "data")
    for number in range(3):
        content = bytes([number]) * 1000
        cli.ok("put", "-", "data:/a", "-m", f"commit {number}", stdin=content)
    cli.ok("wait", "data")


def test_usage(cli: CommandLine, history: None) -> None:
    assert "UNIQUE" in cli.ok("du").out
    (whole,) = cli.ok("du", "--json").json  # type: ignore[misc]
    assert (whole["name"], whole["files"], whole["bytes"]) == ("data", 1, 1000)
    assert 0 < whole["unique_bytes"] == whole["stored_bytes"]
    (one,) = cli.ok("du", "data@main~1", "--json").json  # type: ignore[misc]
    assert 0 < one["unique_bytes"] <= one["stored_bytes"] < whole["stored_bytes"]
    assert cli("du", "nothing").code == 3


def test_there_is_nothing_yet(cli: CommandLine) -> None:
    assert "no repo yet" in cli.ok("du").err
    assert "kept for ever" in cli.ok("retention", "list").err
    assert "nothing is wrong" in cli.ok("fsck").out


def test_old_commits_are_given_up_and_collected(cli: CommandLine, history: None) -> None:
    assert "kept for 0s" in cli.ok("retention", "set", "data", "main", "--keep", "0").out
    assert "main" in cli.ok("retention", "list", "data").out
    tried = cli.ok("gc", "--grace", "0", "--keep", "0", "--dry-run", "--json").json
    assert isinstance(tried, dict)
    assert (tried["dry_run"], tried["expired_commits"]) == (True, 2)
    assert cli.ok("cat", "data@main~2:/a").out
    assert "gave up the content of 2 commits" in cli.ok("gc", "--grace", "0", "--keep", "0").out
    late = cli("cat", "data@main~2:/a")
    assert late.code == 3
    assert "given up" in late.err
    assert len(cli.ok("log", "data", "--json").json) == 3  # type: ignore[arg-type]
    assert cli.ok("cat", "data:/a").out == chr(2) * 1000
    assert cli("branch", "create", "data@old", "--from", "main~2").code == 3
    assert "nothing is wrong" in cli.ok("fsck", "--deep").out
    cli.ok("retention", "remove", "data", "main")
    assert cli("retention", "remove", "data", "main").code == 3


def test_lengths_of_time(cli: CommandLine) -> None:
    ran = cli("gc", "--grace", "soon")
    assert ran.code == 2
    assert "length of time" in ran.err


def test_damage_is_told(cli: CommandLine, history: None, tmp_path: Path) -> None:
    packs = sorted((tmp_path / "home" / "store" / "packs").rglob("*.pack"))
    packs[0].unlink()
    found = cli("fsck")
    assert found.code == 1
    assert "something is wrong" in found.out
    assert packs[0].stem in found.out


def test_a_put_whose_content_was_collected_is_made_again(
    client: datavc.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store is emptied between storing and landing: the second try finds nothing to share."""
    source = tmp_path / "a"
    source.write_bytes(b"content")
    client.create_repo("data")
    land = client.transport.commit
    left = [1]

    def commit(*arguments: object, **options: object) -> object:
        if left:
            left.pop()
            client.gc(grace_s=0, unreachable_keep_s=0)
        return land(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(client.transport, "commit", commit)
    client.put(source, "data:/a", message="put")
    assert client.read("data:/a") == b"content"
    assert not left
    assert client.fsck(deep=True).is_sound


def test_a_purge(cli: CommandLine, history: None, tmp_path: Path) -> None:
    cli.ok("put", "-", "data:/b", "-m", "b", stdin=b"stays")
    assert "Nothing was purged" in cli.ok("purge", "--list").err
    refused = cli("purge", "data:/a")
    assert (refused.code, "nobody to ask" in refused.err) == (2, True)
    assert cli("purge", "data@main:/a", "--force").code == 2
    assert cli("purge").code == 2
    planned = cli.ok("purge", "data:/a", "--dry-run")
    assert "would purge 3 contents" in planned.out
    assert cli.ok("cat", "data:/a").out == chr(2) * 1000
    done = cli.ok("purge", "data:/a", "--force", "-m", "request 17", "--json").json
    assert isinstance(done, dict)
    assert done["places"] == [{"repo": "data", "path": "a"}]
    for ref in ("main", "main~1", "main~3"):
        late = cli("cat", f"data@{ref}:/a")
        assert (late.code, "purged" in late.err) == (3, True)
    assert cli.ok("cat", "data:/b").out == "stays"
    assert "request 17" in cli.ok("purge", "--list").out
    assert len(cli.ok("log", "data", "--json").json) == 4  # type: ignore[arg-type]
    assert "nothing is wrong" in cli.ok("fsck", "--deep").out
    assert cli("purge", "data:/nothing", "--force").code == 3
    held = tmp_path / "held"
    held.write_bytes(b"stays")
    assert "purged 1 content" in cli.ok("purge", "--content", str(held), "--force").out
    assert cli("cat", "data:/b").code == 3


def test_the_rest_of_a_folder_is_got(cli: CommandLine, history: None, tmp_path: Path) -> None:
    cli.ok("put", "-", "data:/b", "-m", "b", stdin=b"stays")
    cli.ok("put", "-", "data:/large", "-m", "l", stdin=random.Random(1).randbytes(3_000_000))
    for path in ("a", "large"):
        cli.ok("purge", f"data:/{path}", "--force")
    refused = cli("get", "data", "-o", str(tmp_path / "all"))
    assert (refused.code, "content of 'a' was purged" in refused.err) == (3, True)
    got = cli.ok("get", "data", "-o", str(tmp_path / "rest"), "--skip-purged")
    assert "left out 2 files" in got.err
    assert [path.name for path in (tmp_path / "rest").iterdir()] == ["b"]
