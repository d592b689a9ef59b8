"""A branch that is moved by hand triggers what reads it, as a commit does."""

from __future__ import annotations

from pathlib import Path

import pytest

from datavc import connect

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
