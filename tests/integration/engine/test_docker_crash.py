"""Containers and Docker engines that are killed: nothing is lost, and nothing lands twice."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import docker
import pytest

from datavc.engine import jobs
from datavc.engine.executors.docker_container import JOB_LABEL
from datavc.engine.logs import read_logs
from datavc.engine.pipelines import create_pipeline
from datavc.model.job import JobState
from datavc.model.log_query import LogQuery
from tests.services.docker_engine import IMAGE
from tests.services.private_docker import private_docker

pytestmark = pytest.mark.docker

PATIENCE = 90.0
DATUMS = 6
#: Takes a moment, so that one runs whenever something is killed.
SCRIPT = "sleep 0.5; for f in /pfs/raw/*; do cp $f /pfs/out/; done"
FILES = {f"f{number}": b"%d" % number for number in range(DATUMS)}


def make_pipeline(world) -> str:
    """A pipeline on files that are there already; gives the run of its first job."""
    world.repo("raw")
    world.put("raw", FILES)
    spec: dict[str, object] = {
        "pipeline": {"name": "copy"},
        "transform": {"image": IMAGE, "cmd": ["sh", "-c", SCRIPT]},
        "input": {"pfs": {"repo": "raw", "glob": "/*"}},
        "parallelism_spec": {"constant": 2},
    }
    made = create_pipeline(world.vs, spec, "tester")
    assert made.last_job is not None
    return jobs.get_job(world.vs, made.last_job).run_id


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def processed(world) -> int:
    return jobs.list_jobs(world.vs, "copy")[0].datums_processed


def check_output(world) -> None:
    """All files are there, by one commit on the empty branch."""
    assert world.files("copy") == FILES
    assert world.head("copy").parents == ()


def test_a_container_that_is_killed_costs_a_try_and_nothing_else(make_world, docker_image) -> None:
    world = make_world(executor="docker")
    run = make_pipeline(world)
    job_id = jobs.list_jobs(world.vs, "copy")[0].id
    worker = threading.Thread(target=world.drive, args=(run,))
    worker.start()
    with contextlib.closing(docker.from_env()) as client:
        wait_until(lambda: processed(world) >= 1)
        ours = {"label": f"{JOB_LABEL}={job_id}"}
        for container in client.api.containers(filters=ours):
            pid = client.api.inspect_container(container["Id"])["State"]["Pid"]
            os.kill(pid, signal.SIGKILL)
        worker.join(PATIENCE)
        assert not worker.is_alive()
        assert client.api.containers(all=True, filters=ours) == []
    (job,) = jobs.list_jobs(world.vs, "copy")
    assert (job.state, job.datums_processed) == (JobState.SUCCESS, DATUMS)
    texts = [line.text for line in read_logs(world.vs, LogQuery(job=job.id))]
    assert any("its container stopped with 137" in text for text in texts)
    check_output(world)


def test_an_engine_waits_for_a_docker_engine_that_was_killed(make_world) -> None:
    with private_docker() as private:
        world = make_world()
        make_pipeline(world)
        environment = os.environ | {
            "DATAVC_HOME": str(world.home),
            "DATAVC_EXECUTOR": "docker",
            "DOCKER_HOST": private.host,
        }
        command = [sys.executable, "-m", "datavc_cli", "engine"]
        engine = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            wait_until(lambda: processed(world) >= 1)
            private.kill()
            before = processed(world)
            wait_until(lambda: jobs.list_jobs(world.vs, "copy")[0].state is JobState.RUNNING)
            time.sleep(1)
            assert engine.poll() is None
            private.start()
            wait_until(lambda: jobs.list_jobs(world.vs, "copy")[0].state.is_terminal)
        finally:
            engine.terminate()
            assert engine.wait(PATIENCE) == 0
        (job,) = jobs.list_jobs(world.vs, "copy")
        assert (job.state, job.reason) == (JobState.SUCCESS, "")
        assert job.datums_processed == DATUMS
        assert before < DATUMS
        assert private.containers() == []
        check_output(world)
