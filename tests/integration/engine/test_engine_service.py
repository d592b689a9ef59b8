"""Services: programs that keep running over the newest commit, and listen on a port."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from datavc.db import job_events
from datavc.engine import jobs
from datavc.engine.logs import read_logs
from datavc.engine.pipeline_control import start_pipeline, stop_pipeline
from datavc.engine.pipelines import create_pipeline, delete_pipeline, get_pipeline
from datavc.errors import Conflict, InvalidSpec
from datavc.model.job import JobInfo, JobState
from datavc.model.log_query import LogQuery
from datavc.model.pipeline import parse_pipeline_spec
from tests.services.ports import free_ports

SERVE = """
import http.server, os, sys
os.chdir(os.environ["DATAVC_PFS"] + "/in")
print("serving", sorted(os.listdir(".")), flush=True)
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args): pass
address = os.environ["DATAVC_SERVICE_HOST"], int(os.environ["DATAVC_SERVICE_PORT"])
http.server.ThreadingHTTPServer(address, Quiet).serve_forever()
"""
ENGINE = """
import sys, threading
from pathlib import Path
from datavc.engine.engine import Engine
from datavc.engine.settings import EngineSettings
from datavc.versioning.versioned_store import open_versioned_store

home, executor = Path(sys.argv[1]), sys.argv[2]
settings = EngineSettings(scratch=home / "scratch", executor=executor, lease_seconds=2.0)
Engine(open_versioned_store(home), settings).serve(threading.Event())
"""


@contextmanager
def serving(world) -> Iterator[None]:
    """The world's engine works beside the test."""
    stop = threading.Event()
    thread = threading.Thread(target=world.engine.serve, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def service(port: int, program: str = SERVE, **fields: object) -> dict[str, object]:
    return {
        "pipeline": {"name": "web"},
        "transform": {"cmd": [sys.executable, "-c", program]},
        "input": {"pfs": {"name": "in", "repo": "raw", "glob": "/"}},
        "service": {"internal_port": 8000, "external_port": port},
        **fields,
    }


def ask(port: int, path: str) -> bytes | None:
    try:
        with urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5) as answer:
            return answer.read()
    except (URLError, OSError):
        return None


def wait_until(holds: Callable[[], bool], what: object = "", *, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def newest(world) -> JobInfo:
    return jobs.list_jobs(world.vs, "web")[0]


def test_a_service_follows_its_input(world) -> None:
    (port,) = free_ports(1)
    world.repo("raw")
    assert create_pipeline(world.vs, service(port), "tester").last_job is None
    run = world.put("raw", {"a.txt": b"one"})
    # Who commits waits for no service, and runs none.
    assert world.drive(run) == []
    with serving(world):
        wait_until(lambda: ask(port, "a.txt") == b"one")
        first = newest(world)
        assert (first.state, first.standing) == (JobState.RUNNING, True)
        wait_until(lambda: get_pipeline(world.vs, "web").last_job_reason.startswith("listens at"))
        assert get_pipeline(world.vs, "web").last_job_reason == f"listens at 127.0.0.1:{port}"
        wait_until(lambda: "serving ['a.txt']" in printed(world, first.id))
        world.put("raw", {"a.txt": b"two"})
        wait_until(lambda: ask(port, "a.txt") == b"two")
        assert jobs.get_job(world.vs, first.id).state is JobState.SUCCESS
        stop_pipeline(world.vs, "web", "tester")
        wait_until(lambda: ask(port, "a.txt") is None)
        assert newest(world).state is JobState.KILLED
        world.put("raw", {"a.txt": b"three"})
        start_pipeline(world.vs, "web", "tester")
        wait_until(lambda: ask(port, "a.txt") == b"three")
        delete_pipeline(world.vs, "web", "tester")
        wait_until(lambda: ask(port, "a.txt") is None)


def printed(world, job: str) -> list[str]:
    return [line.text for line in read_logs(world.vs, LogQuery(job=job))]


def test_a_program_that_ends_is_started_again_and_its_last_words_are_kept(world) -> None:
    (port,) = free_ports(1)
    once = f"""
import os, pathlib, sys
mark = pathlib.Path({str(world.calls)!r}) / "once"
if not mark.exists():
    mark.touch()
    print("no luck", file=sys.stderr)
    sys.exit(3)
{SERVE}"""
    world.repo("raw")
    world.put("raw", {"a.txt": b"one"})
    create_pipeline(world.vs, service(port, once), "tester")
    with serving(world):
        wait_until(lambda: ask(port, "a.txt") == b"one")
        wait_until(lambda: newest(world).reason.endswith("started again 1 times"))
        with world.db.read() as conn:
            said = [line.text for _, line in job_events.list_lines(conn, newest(world).id)]
    assert "| no luck" in said
    assert any("exited with 3; it is started again, for the 1st time" in line for line in said)


def test_other_jobs_go_on_beside_services(make_world) -> None:
    world = make_world(jobs=1, cpus=1.0)
    (port,) = free_ports(1)
    world.repo("raw")
    create_pipeline(world.vs, service(port), "tester")
    world.pipeline("copy", "raw", 'cp "$in" "$DATAVC_PFS/out/"')
    with serving(world):
        world.put("raw", {"a.txt": b"one"})
        wait_until(lambda: ask(port, "a.txt") == b"one")
        world.put("raw", {"b.txt": b"two"})
        wait_until(lambda: ask(port, "b.txt") == b"two")
        wait_until(lambda: world.head("copy") is not None and len(world.files("copy")) == 2)


def test_a_service_takes_no_processor_from_jobs_that_come_later(make_world) -> None:
    world = make_world(jobs=1, cpus=1.0)
    (port,) = free_ports(1)
    world.repo("raw", "other")
    create_pipeline(world.vs, service(port), "tester")
    world.pipeline("copy", "other", 'cp "$in" "$DATAVC_PFS/out/"')
    with serving(world):
        world.put("raw", {"a.txt": b"one"})
        wait_until(lambda: ask(port, "a.txt") == b"one")
        world.put("other", {"b.txt": b"two"})
        wait_until(lambda: world.head("copy") is not None, seconds=20)


def test_an_input_of_several_datums_is_refused_by_the_job(world) -> None:
    (port,) = free_ports(1)
    world.repo("raw")
    world.put("raw", {"a": b"1", "b": b"2"})
    spec = service(port, input={"pfs": {"name": "in", "repo": "raw", "glob": "/*"}})
    create_pipeline(world.vs, spec, "tester")
    with serving(world):
        wait_until(lambda: newest(world).state is JobState.FAILURE)
    assert "the input makes several datums, and a service sees one" in newest(world).reason


def test_a_port_belongs_to_one_service(world) -> None:
    world.repo("raw")
    create_pipeline(world.vs, service(30080), "tester")
    create_pipeline(world.vs, service(30080), "tester", update=True)
    with pytest.raises(Conflict, match="30080 is that of service 'web'"):
        create_pipeline(world.vs, service(30080, pipeline={"name": "other"}), "tester")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"internal_port": 80}, "service.external_port is missing"),
        ({"internal_port": 0, "external_port": 30080}, "service.internal_port must be"),
        ({"internal_port": 80, "external_port": 80}, "service.external_port must be"),
        ({"internal_port": 80, "external_port": 70000}, "service.external_port must be"),
        ({"internal_port": 80, "external_port": 30080, "ip": "x"}, "service.ip must be an address"),
        ({"internal_port": 80, "external_port": 30080, "type": "x"}, "service.type must be"),
        ({"internal_port": 80, "port": 1}, "service.port is not a field"),
    ],
)
def test_what_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidSpec) as found:
        parse_pipeline_spec(service(1) | {"service": fields})
    assert found.value.message.startswith(message)


def start_engine(home: Path, executor: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", ENGINE, str(home), executor])


@pytest.mark.docker
def test_a_killed_engine_leaves_no_second_container(make_world, docker_image: str) -> None:
    world = make_world()
    (port,) = free_ports(1)
    world.repo("raw")
    world.put("raw", {"a.txt": b"one"})
    serve = 'exec httpd -f -p "$DATAVC_SERVICE_PORT" -h /pfs/in'
    spec = service(port, transform={"image": docker_image, "cmd": ["sh", "-c", serve]})
    create_pipeline(world.vs, spec, "tester")
    first = start_engine(world.home, "docker")
    second = None
    try:
        wait_until(lambda: newest(world).reason.startswith("listens at"), newest(world))
        before = containers(world)
        assert len(before) == 1
        second = start_engine(world.home, "docker")
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        wait_until(lambda: containers(world) not in ([], before))
        wait_until(lambda: ask(port, "a.txt") == b"one", newest(world))
        assert len(containers(world)) == 1
        assert newest(world).state is JobState.RUNNING
    finally:
        for engine in (first, second):
            if engine is not None and engine.poll() is None:
                engine.terminate()
                engine.wait()
    stop_pipeline(world.vs, "web", "tester")


def containers(world) -> list[str]:
    import docker

    client = docker.from_env()
    try:
        label = f"datavc.job={newest(world).id}"
        return [str(one.id) for one in client.containers.list(filters={"label": label})]
    finally:
        client.close()
