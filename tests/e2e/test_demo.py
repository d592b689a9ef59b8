"""The quick start, as ``make demo`` runs it."""

from __future__ import annotations

import contextlib
import importlib
import os
import subprocess
import sys
from pathlib import Path

import docker
import docker.errors
import pytest

DEMO = Path(__file__).parents[2] / "examples" / "quickstart" / "demo.py"


PROCESS = {"DATAVC_EXECUTOR": "process"}


def run_demo(home: Path, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(DEMO), str(home)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "200"} | settings,
        timeout=300,
    )


@pytest.mark.parametrize(
    ("settings", "first_line"),
    [
        pytest.param(
            {}, "Executor: docker, since an engine answers", marks=pytest.mark.docker, id="docker"
        ),
        pytest.param(PROCESS, "Executor: process, since DATAVC_EXECUTOR says so", id="process"),
        pytest.param(
            {"DOCKER_HOST": "unix:///nowhere.sock"},
            "Executor: process, since no Docker engine answers",
            id="no engine",
        ),
    ],
)
def test_the_quick_start(
    settings: dict[str, str], first_line: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if request.node.get_closest_marker("docker"):
        request.getfixturevalue("docker_engine")
    finished = run_demo(tmp_path / "demo", settings)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    lines = finished.stdout.splitlines()
    assert lines[0].startswith(first_line)
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


def test_the_commands_that_the_quick_start_shows_work(tmp_path: Path) -> None:
    home = tmp_path / "a home"
    # What a run that was interrupted left there is in nobody's way.
    (home / "batches").mkdir(parents=True)
    (home / "batches" / "batch-99.csv").touch()
    finished = run_demo(home, PROCESS)
    shown = finished.stdout.partition("Look around with\n")[2]
    ran = subprocess.run(
        ["bash", "-e"],
        input=shown,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "batch-05.csv" in ran.stdout
    assert "batch-99.csv" not in ran.stdout


def test_the_quick_start_removes_nobody_elses_files(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    finished = run_demo(tmp_path, PROCESS)
    assert finished.returncode == 1
    assert "holds something else" in finished.stderr
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.docker
def test_an_image_that_cannot_run_the_transforms_is_refused(
    docker_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(DEMO.parent)
    image = importlib.import_module("image")
    with contextlib.closing(docker.from_env()) as client:
        with pytest.raises(docker.errors.APIError, match="python3"):
            image.try_out(client, docker_image)
        left = client.api.containers(all=True, filters={"ancestor": docker_image})
    assert [container for container in left if "python3" in container["Command"]] == []
