"""A branch that is moved by hand triggers what reads it, as a commit does."""

from __future__ import annotations

from pathlib import Path

import pytest

from datavc import Client, connect
from tests.e2e.conftest import CommandLine

SPEC: dict[str, object] = {
    "pipeline": {"name": "copy"},
    "transform": {"cmd": ["sh", "-c", 'cp "$DATAVC_PFS"/raw/* "$DATAVC_PFS/out/"']},
    "input": {"pfs": {"repo": "raw", "glob": "/*"}},
}


def test_moving_a_branch_runs_the_pipelines_that_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAVC_EXECUTOR", "process")
    with connect(home=tmp_path / "home") as client:
        client.create_repo("raw")
        client.create_branch("raw", "staging")
        client.create_pipeline(SPEC)
        client.put(b"1", "raw@staging:/a", message="not yet")
        assert client.list_jobs() == []
        moved = client.move_branch("raw", "main", "staging")
        (job,) = client.list_jobs()
        assert (job.run_id, job.state.value) == (moved.run_id, "success")
        assert client.read("copy:/a") == b"1"
        assert client.move_branch("raw", "main", "staging").run_id is None
        assert len(client.list_jobs()) == 1


def test_a_branch_that_follows_another_one(
    cli: CommandLine, client: Client, tmp_path: Path
) -> None:
    client.create_repo("raw")
    client.create_branch("raw", "staging")
    client.create_pipeline(SPEC)
    cli.ok("branch", "trigger", "raw@main", "--follow", "staging", "--commits", "2", "--size", "1G")
    shown = cli.ok("branch", "triggers", "raw").out.splitlines()
    assert shown[1].split(maxsplit=2) == ["main", "staging", "2 commits or 1,000,000,000 B changed"]
    found = cli.ok("branch", "triggers", "raw", "--json").json
    assert found["main"]["commits"] == 2
    client.put(b"1", "raw@staging:/a", message="one")
    assert client.list_jobs() == []
    client.put(b"2", "raw@staging:/b", message="two")
    (waited,) = client.wait("raw@staging")
    (job,) = client.list_jobs()
    assert (job.id, job.state.value) == (waited.id, "success")
    assert cli("branch", "trigger", "raw@main").code == 2
    assert cli("branch", "trigger", "raw@main", "--follow", "staging", "--size", "x").code == 2
    cli.ok("branch", "trigger", "raw@main", "--remove")
    assert cli("branch", "trigger", "raw@main", "--remove").code == 3
    assert "No branch of raw follows" in cli.ok("branch", "triggers", "raw").err
