"""Engines that serve: jobs side by side, what a host has, waking up, and letting go."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from datavc.engine import jobs
from datavc.engine.engine import Engine
from datavc.engine.logs import read_logs
from datavc.engine.settings import EngineSettings
from datavc.model.job import JobInfo, JobState
from datavc.model.log_query import LogQuery
from tests.integration.engine.conftest import BOTH_DATABASES

pytestmark = BOTH_DATABASES

PATIENCE = 30.0
#: Takes what only one datum can have at a time, and fails where another one has it.
ALONE = 'mkdir "$CALLS/lock"; sleep 0.1; rmdir "$CALLS/lock"; cp "$in" "$DATAVC_PFS/out/"'


@contextlib.contextmanager
def serving(world, **settings: object) -> Iterator[Engine]:
    """An engine that works in a thread."""
    options = {"scratch": world.home / "scratch", "executor": "process", "workers": 2} | settings
    engine = Engine(world.vs, EngineSettings(**options))  # type: ignore[arg-type]
    stop = threading.Event()
    thread = threading.Thread(target=engine.serve, args=(stop,))
    thread.start()
    try:
        yield engine
    finally:
        stop.set()
        thread.join(PATIENCE)
        engine.close()
        assert not thread.is_alive()


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def outcome(world, run: str) -> list[JobInfo]:
    found: list[JobInfo] = []

    def is_over() -> bool:
        over, infos = jobs.look_at_run(world.vs, run)
        found[:] = infos
        return over

    wait_until(is_over)
    return found


def test_jobs_of_two_pipelines_run_side_by_side(world) -> None:
    """Each waits for the other one to have begun."""
    script = ': >"$CALLS/{me}"; until [ -e "$CALLS/{other}" ]; do sleep 0.02; done'
    world.repo("one", "two")
    world.pipeline("first", "one", script.format(me="first", other="second"))
    world.pipeline("second", "two", script.format(me="second", other="first"))
    runs = [world.put("one", {"a": b"1"}), world.put("two", {"a": b"2"})]
    with serving(world):
        assert [outcome(world, run)[0].state for run in runs] == [JobState.SUCCESS] * 2


def test_an_idle_engine_wakes_up_for_a_commit(world) -> None:
    """It would look by itself only in an hour."""
    world.repo("raw")
    world.pipeline("copy", "raw", 'cp "$in" "$DATAVC_PFS/out/"')
    world.pipeline("again", "copy", 'cp "$in" "$DATAVC_PFS/out/"')
    with serving(world, poll_seconds=3600.0, lease_seconds=3600.0):
        for number in range(3):
            found = outcome(world, world.put("raw", {f"f{number}": b"%d" % number}))
            assert [job.state for job in found] == [JobState.SUCCESS] * 2


def test_an_idle_engine_wakes_up_for_the_clock(world) -> None:
    """It would look by itself only in an hour."""
    tick = {"cron": {"name": "tick", "spec": "@every 1s"}}
    world.pipeline("clock", tick, 'ls "$DATAVC_PFS/tick" >"$DATAVC_PFS/out/ticks"')
    with serving(world, poll_seconds=3600.0, lease_seconds=3600.0):
        wait_until(lambda: len(jobs.list_jobs(world.vs, "clock")) > 1)


def test_datums_of_all_jobs_share_the_processors(world) -> None:
    world.repo("one", "two")
    asks = {"resource_requests": {"cpu": 1}, "parallelism_spec": {"constant": 2}, "datum_tries": 1}
    world.pipeline("first", "one", ALONE, **asks)
    world.pipeline("second", "two", ALONE, **asks)
    files = {f"f{number}": b"%d" % number for number in range(4)}
    runs = [world.put(repo, files) for repo in ("one", "two")]
    with serving(world, cpus=1.0):
        found = [outcome(world, run)[0] for run in runs]
    assert [(job.state, job.reason) for job in found] == [(JobState.SUCCESS, "")] * 2


def test_a_job_that_a_host_is_too_small_for_is_left_to_a_larger_one(world) -> None:
    world.repo("raw", "other")
    asks = {"resource_requests": {"cpu": 3, "memory": "1Gi"}}
    world.pipeline("large", "raw", 'cp "$in" "$DATAVC_PFS/out/"', **asks)
    world.pipeline("small", "other", 'cp "$in" "$DATAVC_PFS/out/"')
    large = world.put("raw", {"a": b"1"})
    with serving(world, cpus=2.0):
        (job,) = outcome(world, world.put("other", {"a": b"1"}))
        assert job.state is JobState.SUCCESS
        (waiting,) = jobs.list_jobs(world.vs, "large")
        assert (waiting.state, waiting.started_us) == (JobState.WAITING, None)
        texts = [line.text for line in read_logs(world.vs, LogQuery(job=waiting.id))]
        assert any("a datum asks for 3 processors and 1024 MiB" in text for text in texts)
        with serving(world, cpus=4.0, memory=2**31):
            (job,) = outcome(world, large)
    assert job.state is JobState.SUCCESS


GATED = (
    'n=${in##*/}; : >"$CALLS/$n.$$"; until [ -e "$CALLS/gate" ]; do sleep 0.02; done; '
    'cp "$in" "$DATAVC_PFS/out/"'
)


def start_engine(world, drain_seconds: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "datavc_cli", "engine", "--drain", str(drain_seconds)]
    environment = os.environ | {
        "DATAVC_HOME": str(world.home),
        "DATAVC_DATABASE": world.database or "",
        "DATAVC_EXECUTOR": "process",
    }
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("drain_seconds", [PATIENCE, 0.2])
def test_an_engine_that_is_told_to_stop_lets_its_datum_end_or_hands_it_over(
    world, drain_seconds: float
) -> None:
    world.repo("raw")
    world.pipeline("gated", "raw", GATED, parallelism_spec={"constant": 1})
    run = world.put("raw", {"a": b"1", "b": b"2"})
    engine = start_engine(world, drain_seconds)
    wait_until(lambda: any(world.calls.iterdir()))
    os.kill(engine.pid, signal.SIGTERM)
    waits = drain_seconds == PATIENCE
    if waits:
        time.sleep(0.5)
        assert engine.poll() is None
        (world.calls / "gate").touch()
    assert engine.wait(PATIENCE) == 0
    (world.calls / "gate").touch()
    (left,) = jobs.list_jobs(world.vs, run_id=run)
    assert (left.state, left.datums_processed) == (JobState.RUNNING, 1 if waits else 0)
    (job,) = world.drive(run)
    assert (job.state, job.datums_processed) == (JobState.SUCCESS, 2)
    tries = [name.partition(".")[0] for name in world.called() if name != "gate"]
    assert tries == (["a", "b"] if waits else ["a", "a", "b"])
