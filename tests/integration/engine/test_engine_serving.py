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
from datavc.engine.executors.executor import Worker, WorkerRequest
from datavc.engine.executors.process import ProcessExecutor
from datavc.engine.logs import read_logs
from datavc.engine.settings import EngineSettings
from datavc.errors import ExecutorAway
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
        assert any("a datum asks for 3 processors and 1 GiB" in text for text in texts)
        assert waiting.reason.startswith("left to other engines: a datum asks for 3 processors")
        with serving(world, cpus=4.0, memory=2**31):
            (job,) = outcome(world, large)
    assert (job.state, job.reason) == (JobState.SUCCESS, "")


def test_a_job_that_wants_graphics_processors_waits_for_a_host_that_has_them(world) -> None:
    world.repo("raw")
    world.pipeline(
        "train", "raw", 'cp "$in" "$DATAVC_PFS/out/"', resource_limits={"gpu": {"number": 2}}
    )
    run = world.put("raw", {"a": b"1"})

    def waits_because() -> bool:
        found = jobs.list_jobs(world.vs, "train")
        return any(
            job.state is JobState.WAITING and "2 graphics processors" in job.reason for job in found
        )

    with serving(world, gpus=1):
        wait_until(waits_because)
        with serving(world, gpus=2):
            (job,) = outcome(world, run)
    assert (job.state, job.reason) == (JobState.SUCCESS, "")


def test_a_pipeline_with_many_datums_does_not_starve_another_one(world) -> None:
    """The first one alone would keep the only processor busy for minutes."""
    world.repo("one", "two")
    asks = {"resource_requests": {"cpu": 1}, "parallelism_spec": {"constant": 4}}
    world.pipeline("many", "one", "sleep 0.1", **asks)
    world.pipeline("few", "two", 'cp "$in" "$DATAVC_PFS/out/"', **asks)
    world.put("one", {f"f{number:04}": b"%d" % number for number in range(3000)})
    with serving(world, cpus=1.0):
        wait_until(lambda: any(job.datums_processed for job in jobs.list_jobs(world.vs, "many")))
        for number in range(3):
            (job,) = outcome(world, world.put("two", {f"f{number}": b"%d" % number}))
            assert job.state is JobState.SUCCESS
        (busy,) = jobs.list_jobs(world.vs, "many")
        assert busy.state is JobState.RUNNING
        assert busy.datums_processed < busy.datums_total


def test_a_busy_engine_leaves_jobs_to_one_that_comes_later(world) -> None:
    """It has claimed one that waits for the processor, and no more than that."""
    names = ("first", "second", "third")
    world.repo(*(f"of-{name}" for name in names))
    script = ': >"$CALLS/{}"; until [ -e "$CALLS/gate" ]; do sleep 0.02; done'
    for name in names:
        text = script.format(name) if name == "first" else "true"
        world.pipeline(name, f"of-{name}", text, resource_requests={"cpu": 1})
    runs = [world.put("of-first", {"a": b"1"})]

    def states() -> list[JobState]:
        return [job.state for name in names[1:] for job in jobs.list_jobs(world.vs, name)]

    with serving(world, cpus=1.0):
        wait_until((world.calls / "first").exists)
        runs += [world.put(f"of-{name}", {"a": b"1"}) for name in names[1:]]
        wait_until(lambda: JobState.RUNNING in states())
        time.sleep(1.0)
        assert sorted(states()) == [JobState.RUNNING, JobState.WAITING]
        with serving(world, cpus=1.0):
            wait_until(lambda: JobState.SUCCESS in states())
            assert sorted(states()) == [JobState.RUNNING, JobState.SUCCESS]
        (world.calls / "gate").touch()
        assert [outcome(world, run)[0].state for run in runs] == [JobState.SUCCESS] * 3


def test_what_was_left_behind_while_containers_could_not_be_had_is_removed_later(
    world, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the container engine is still away when that is tried first."""
    away, calls = [True, True], []
    open_worker = ProcessExecutor.open_worker

    def fail_at_first(self: ProcessExecutor, request: WorkerRequest) -> Worker:
        if len(away) == 2:
            away.pop()
            raise ExecutorAway("it does not answer")
        return open_worker(self, request)

    def clean_up(self: ProcessExecutor) -> None:
        calls.append(bool(away))
        if away:
            away.clear()
            raise ExecutorAway("it does not answer")

    monkeypatch.setattr(ProcessExecutor, "open_worker", fail_at_first)
    monkeypatch.setattr(ProcessExecutor, "clean_up", clean_up)
    world.repo("raw")
    world.pipeline("copy", "raw", 'cp "$in" "$DATAVC_PFS/out/"')
    with serving(world):
        (job,) = outcome(world, world.put("raw", {"a": b"1"}))
        assert job.state is JobState.SUCCESS
        wait_until(lambda: False in calls)
    assert calls == [True, False]


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
