"""Engines that are killed: their jobs are taken over, and nothing is done or landed twice."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from datavc.db import commits, job_claims, outbox
from datavc.engine import jobs
from datavc.model.job import JobInfo, JobState
from tests.integration.engine.conftest import BOTH_DATABASES

pytestmark = BOTH_DATABASES

ENGINE = """
import sys, threading
from pathlib import Path
from datavc.engine.engine import Engine
from datavc.engine.settings import EngineSettings
from datavc.versioning.versioned_store import open_versioned_store

home, database = Path(sys.argv[1]), sys.argv[2] or None
settings = EngineSettings(
    scratch=home / "scratch", executor="process", workers=2, lease_seconds=1.0
)
Engine(open_versioned_store(home, database_url=database), settings).serve(threading.Event())
"""
COUNT = ': >"$CALLS/${in##*/}.$$"; sleep 0.05; cp "$in" "$DATAVC_PFS/out/"'
DATUMS = 40
ROUNDS = 4


def start_engine(world) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", ENGINE, str(world.home), world.database or ""]
    return subprocess.Popen(command)


@pytest.mark.parametrize("kills", [1, 3])
def test_a_killed_engine_is_taken_over_from(world, kills: int) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", COUNT)
    run = world.put("raw", {f"f{number:02}": b"%d" % number for number in range(DATUMS)})
    for _ in range(kills):
        engine = start_engine(world)
        before = durable(world, run)
        while durable(world, run) < before + 5:
            time.sleep(0.01)
        os.kill(engine.pid, signal.SIGKILL)
        engine.wait()
    written = durable(world, run)
    (job,) = world.drive(run)
    assert job.state is JobState.SUCCESS
    assert (job.datums_total, job.datums_processed) == (DATUMS, DATUMS)
    assert world.files("copy") == {f"f{number:02}": b"%d" % number for number in range(DATUMS)}
    assert world.head("copy").parents == ()
    assert world.head("copy").provenance.commits == (world.head("raw").id,)
    tries = Counter(name.partition(".")[0] for name in world.called())
    assert len(tries) == DATUMS
    # Only what ran, or had ended less than a moment ago, when the engine was killed.
    assert sum(tries.values()) - DATUMS <= kills * 20
    assert 5 <= written < DATUMS


def test_two_engines_share_the_work_and_do_none_of_it_twice(world) -> None:
    world.repo("one", "two")
    world.pipeline("copy-one", "one", COUNT)
    world.pipeline("copy-two", "two", COUNT)
    engines = [start_engine(world) for _ in range(2)]
    try:
        runs = [
            world.put(repo, {f"{repo}-{batch}-{n}": b"%d" % n for n in range(5)})
            for batch in range(3)
            for repo in ("one", "two")
        ]
        for run in runs:
            (job,) = outcome(world, run)
            assert job.state is JobState.SUCCESS
    finally:
        for engine in engines:
            engine.terminate()
            engine.wait()
    assert len(world.files("copy-one")) == len(world.files("copy-two")) == 15
    assert max(Counter(name.partition(".")[0] for name in world.called()).values()) == 1


def test_engines_of_several_that_are_killed_under_load_land_nothing_twice(world) -> None:
    """Three engines and two pipelines, one after the other; each round kills one of the three."""
    world.repo("raw")
    world.pipeline("copy", "raw", COUNT)
    world.pipeline("again", "copy", 'sleep 0.02; cp "$in" "$DATAVC_PFS/out/"')
    engines = [start_engine(world) for _ in range(3)]
    runs: list[str] = []
    try:
        for round_ in range(ROUNDS):
            runs.append(world.put("raw", {f"f{round_}-{n}": b"%d" % n for n in range(12)}))
            before = processed(world)
            deadline = time.monotonic() + 60
            while processed(world) < before + 3 and time.monotonic() < deadline:
                time.sleep(0.01)
            victim = round_ % 3
            engines[victim].kill()
            engines[victim].wait()
            engines[victim] = start_engine(world)
        for run in runs:
            assert [job.state for job in outcome(world, run)] == [JobState.SUCCESS] * 2
    finally:
        for engine in engines:
            engine.kill()
            engine.wait()
    expected = {f"f{round_}-{n}": b"%d" % n for round_ in range(ROUNDS) for n in range(12)}
    for repo in ("copy", "again"):
        assert world.files(repo) == expected
        assert landed(world, repo) == runs
    counts = [(job.datums_total, job.datums_processed) for job in all_jobs(world, runs)]
    assert counts == [(12 * (index // 2 + 1), 12) for index in range(2 * len(runs))]


def processed(world) -> int:
    return sum(job.datums_processed for job in jobs.list_jobs(world.vs))


def all_jobs(world, runs: list[str]) -> list[JobInfo]:
    return [job for run in runs for job in jobs.look_at_run(world.vs, run)[1]]


def landed(world, repo: str) -> list[str]:
    """The runs of a branch's commits, oldest first."""
    found, commit = [], world.head(repo)
    while commit is not None:
        found.append(commit.run_id)
        with world.db.read() as conn:
            commit = commits.find(conn, commit.parents[0]) if commit.parents else None
    return found[::-1]


def outcome(world, run: str) -> list[JobInfo]:
    """The jobs of a run that engines elsewhere work on, once it is over."""
    deadline = time.monotonic() + 60
    while True:
        over, infos = jobs.look_at_run(world.vs, run)
        assert time.monotonic() < deadline, infos
        if over:
            return infos
        time.sleep(0.05)


def durable(world, run: str) -> int:
    return sum(job.datums_processed for job in jobs.list_jobs(world.vs, run_id=run))


def test_an_engine_that_lost_its_job_commits_nothing(world) -> None:
    """The job is given to another engine in the middle of its work."""
    world.repo("raw")
    world.pipeline("slow", "raw", ': >"$CALLS/started"; sleep 0.5; cp "$in" "$DATAVC_PFS/out/"')
    run = world.put("raw", {"a": b"one"})
    taken = []

    def steal(info) -> None:
        if taken or info.state is not JobState.RUNNING:
            return
        with world.db.write() as conn:
            later = time.time_ns() // 1000 + 10**9
            taken.append(job_claims.claim(conn, "thief", 0.0, at_us=later))

    with pytest.raises(Exception, match="is not over"):
        world.engine.drive(run, 3.0, steal)
    assert taken
    assert world.head("slow") is None
    with world.db.write() as conn:
        job_claims.release(conn, taken[0].id, "thief")
    (job,) = world.drive(run)
    assert job.state is JobState.SUCCESS
    assert world.files("slow") == {"a": b"one"}


def test_a_crash_between_commit_and_jobs_loses_no_trigger(world) -> None:
    """The event outlives the engine that claimed it."""
    world.repo("raw")
    world.pipeline("copy", "raw", COUNT)
    run = world.put("raw", {"a": b"one"})
    with pytest.raises(RuntimeError):
        claim_and_crash(world)
    (job,) = world.drive(run)
    assert job.state is JobState.SUCCESS


def claim_and_crash(world) -> None:
    with world.db.write() as conn:
        assert len(outbox.claim(conn, "crashed", 60.0)) == 1
        raise RuntimeError
