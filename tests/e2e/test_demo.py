"""The quick start, as ``make demo`` runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[2] / "examples" / "quickstart" / "demo.py"


def run_demo(home: Path, executor: str) -> list[str]:
    environment = os.environ | {"DATAVC_EXECUTOR": executor, "COLUMNS": "200"}
    finished = subprocess.run(
        [sys.executable, str(DEMO), str(home)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=300,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout.splitlines()


@pytest.mark.parametrize("executor", ["process", pytest.param("docker", marks=pytest.mark.docker)])
def test_the_quick_start(executor: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if executor == "docker":
        request.getfixturevalue("docker_engine")
    lines = run_demo(tmp_path / "demo", executor)
    assert lines[0].startswith(f"Executor: {executor}, since")
    jobs = [line.split()[:5] for line in lines if line.startswith((" clean ", " train "))]
    assert jobs == [
        ["clean", "success", "5", "5", "0"],
        ["train", "success", "1", "1", "0"],
        ["clean", "success", "6", "1", "5"],
        ["train", "success", "1", "1", "0"],
    ]
    accuracy = next(line.split()[1:] for line in lines if line.startswith(" accuracy"))
    assert all(float(number) > 0.9 for number in accuracy)
    committed = {line.split()[1] for line in lines if line.startswith("commit ")}
    sources = {line.partition("@")[2].split()[0] for line in lines if "── raw@" in line}
    assert len(sources) == 1
    assert sources <= committed
