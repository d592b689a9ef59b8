"""Many clients of two servers while things break, in short; ``make load`` takes its time."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.load.run import Wanted, run

pytestmark = [pytest.mark.s3, pytest.mark.postgres]


def test_clients_go_on_by_themselves_whatever_is_killed(tmp_path: Path) -> None:
    wanted = Wanted(clients=6, seconds=9.0, faults_every=1.5, faults=2)
    outcome = run(tmp_path / "load", wanted)
    assert outcome.errors == []
    assert outcome.problems == []
    assert [outage.what for outage in outcome.outages] == ["server 1", "PostgreSQL"]
    kinds = {figure.kind for figure in outcome.figures}
    assert {"put and commit", "stage", "commit", "read", "list"} <= kinds
    assert outcome.commits
