"""An engine as a process of its own: how soon it begins, and what it costs when idle."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest

from benchmarks.bench import Bench
from benchmarks.row import Contest, Missing, Row, Side, Target
from datavc import Client
from tests.services.docker_engine import require_engine, require_image

_IDLE_SECONDS = 20
_TICKS = os.sysconf("SC_CLK_TCK")
#: An uptime in hundredths of a second, which the host and its containers share.
_SCRIPT = 'read -r up rest </proc/uptime; echo "$up" >/pfs/out/began'
_BARE = "docker run of the same, and nothing else"


@contextmanager
def _engine(home: Path, executor: str) -> Iterator[int]:
    command = [sys.executable, "-m", "datavc_cli", "engine", "--executor", executor]
    process = subprocess.Popen(
        command, env={**os.environ, "DATAVC_HOME": str(home)},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert "works on" in process.stdout.readline()
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


def _prepare_start(bench: Bench) -> Contest:
    try:
        require_engine()
        image = require_image()
    except (pytest.skip.Exception, pytest.fail.Exception) as error:
        raise Missing(str(error)) from None
    home = bench.space("start")
    client = bench.cleanup.enter_context(bench.client(home))
    client.create_repo("data")
    client.create_pipeline(
        {
            "pipeline": {"name": "p"},
            "transform": {"image": image, "cmd": ["sh", "-c", _SCRIPT]},
            "input": {"pfs": {"repo": "data", "glob": "/"}},
        }
    )
    bench.cleanup.enter_context(_engine(home, "docker"))
    return Contest(
        Side("job", lambda: _seconds_to_start(client)),
        beside=[Side(_BARE, lambda: _seconds_of_bare_start(image))],
        facts=lambda timings: [
            f"beyond the container's own start: {timings[0].median - timings[1].median:.2f} s"
            " (limit 0.5)"
        ],
    )


def _seconds_to_start(client: Client) -> float:
    before = {job.id for job in client.list_jobs("p")}
    client.put(os.urandom(8), "data:/file", message="m", run=False)
    landed = time.clock_gettime(time.CLOCK_BOOTTIME)
    # Looked at only: waiting would work on it here.
    while True:
        job = next((job for job in client.list_jobs("p") if job.id not in before), None)
        if job is not None and job.state.is_terminal:
            break
        time.sleep(0.05)
    assert job.state.value == "success", job.reason
    return float(client.read("p:/began")) - landed


def _seconds_of_bare_start(image: str) -> float:
    with contextlib.closing(docker.from_env()) as engine:
        asked = time.clock_gettime(time.CLOCK_BOOTTIME)
        script = _SCRIPT.replace(">/pfs/out/began", "")
        printed = engine.containers.run(
            image, ["sh", "-c", script], remove=True, network_mode="none"
        )
    return float(printed) - asked


def _prepare_idle(bench: Bench) -> Contest:
    home = bench.space("idle")
    client = bench.cleanup.enter_context(bench.client(home))
    client.create_repo("data")
    client.create_pipeline(
        {
            "pipeline": {"name": "p"},
            "transform": {"cmd": ["true"]},
            "input": {"pfs": {"repo": "data", "glob": "/"}},
        }
    )
    engine = bench.cleanup.enter_context(_engine(home, "process"))
    seconds = _IDLE_SECONDS * min(1, bench.scale)
    time.sleep(min(2, seconds))
    return Contest(Side("engine", lambda: _seconds_used(engine, seconds)))


def _seconds_used(process: int, seconds: float) -> float:
    before = _used(process)
    time.sleep(seconds)
    return _used(process) - before


def _used(process: int) -> float:
    """Seconds of processor time of a process and its threads; see proc_pid_stat(5)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


START = Row(
    "job-start", "a commit's landing until its job's first container runs, engine waiting",
    Target(1.5, seconds=True), 0, _prepare_start,
)  # fmt: skip
IDLE = Row(
    "idle-engine", "processor time that an idle engine takes in 20 s", Target(0.2, seconds=True),
    0, _prepare_idle,
)  # fmt: skip
