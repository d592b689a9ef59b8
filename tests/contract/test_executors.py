"""One suite over every executor: what the engine relies on."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from docker import APIClient

from datavc.engine.datum_log import DatumLog, decode_log
from datavc.engine.executors.choose import open_executor
from datavc.engine.executors.executor import Executor, Outcome, Worker, WorkerRequest
from datavc.engine.process_identity import identify_process
from datavc.errors import ExecutorUnavailable
from datavc.model.pipeline import PipelineSpec, Resources, Transform
from datavc.model.pipeline_input import PfsInput


@dataclass
class Bench:
    """An executor, and workers opened with it."""

    executor: Executor
    image: str
    scratch: Path
    workers: list[Worker] = field(default_factory=list)

    def open(self, *cmd: str, timeout: float | None = None, **transform: object) -> Worker:
        spec = PipelineSpec(
            name="p",
            transform=replace(Transform(self.image, cmd), **transform),  # type: ignore[arg-type]
            input=PfsInput("in", "in", "main", "/*"),
            datum_timeout=timeout,
        )
        return self.open_spec(spec)

    def open_spec(self, spec: PipelineSpec) -> Worker:
        folder = self.scratch / str(len(self.workers))
        folder.mkdir()
        digest = self.executor.prepare(spec.transform.image, None)
        worker = self.executor.open_worker(WorkerRequest(spec, digest, folder, "job"))
        self.workers.append(worker)
        (worker.inputs / "in").mkdir(parents=True)
        (worker.inputs / "in" / "file").write_text("content")
        return worker


@pytest.fixture(params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    image = request.getfixturevalue("docker_image") if request.param == "docker" else ""
    executor = open_executor(request.param)
    made = Bench(executor, image, tmp_path)
    yield made
    for worker in made.workers:
        worker.close()
    executor.close()


def run(worker: Worker, env: dict[str, str] | None = None) -> tuple[Outcome, list[tuple[str, str]]]:
    log = DatumLog(1 << 20)
    outcome = worker.run({"DATAVC_PFS": worker.pfs, **(env or {})}, log)
    return outcome, [(stream.name, text) for stream, _, text in decode_log(log.encoded())]


def test_inputs_are_read_and_outputs_appear(bench: Bench) -> None:
    worker = bench.open("sh", "-c", 'cp "$DATAVC_PFS/in/file" "$DATAVC_PFS/out/$NAME"')
    for name in ("a", "b"):
        outcome, _ = run(worker, {"NAME": name})
        assert outcome == Outcome(0)
        assert (worker.output / name).read_text() == "content"


def test_what_is_printed_is_kept_apart_by_stream(bench: Bench) -> None:
    worker = bench.open("sh", "-c", "echo out; echo err >&2; printf end")
    for _ in range(2):
        _, lines = run(worker)
        assert sorted(lines) == [("STDERR", "err"), ("STDOUT", "end"), ("STDOUT", "out")]


def test_much_output_arrives_whole(bench: Bench) -> None:
    worker = bench.open(
        "sh", "-c", "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done"
    )
    _, lines = run(worker)
    assert lines == [("STDOUT", f"line {number}") for number in range(20000)]


def test_standard_input_is_the_lines_of_the_spec_each_time(bench: Bench) -> None:
    worker = bench.open("cat", stdin=("one", "it's $two"))
    for _ in range(2):
        assert run(worker) == (Outcome(0), [("STDOUT", "one"), ("STDOUT", "it's $two")])


def test_without_stdin_there_is_nothing_to_read(bench: Bench) -> None:
    assert run(bench.open("cat")) == (Outcome(0), [])


def test_variables_of_the_spec_and_of_the_datum_are_set(bench: Bench) -> None:
    worker = bench.open("sh", "-c", 'echo "$A-$B"', env={"A": "it's\t$x"})
    assert run(worker, {"B": 'q"'})[1] == [("STDOUT", "it's\t$x-q\"")]
    assert run(worker)[1] == [("STDOUT", "it's\t$x-")]


def test_nothing_of_the_engines_environment_leaks(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "DATAVC_TOKEN", "DATAVC_DATABASE", "MY_PASSWORD"):
        monkeypatch.setenv(name, "secret-value")
    _, lines = run(bench.open("env"))
    assert lines
    assert not [text for _, text in lines if "secret-value" in text]


def test_an_exit_code_is_a_failure_that_names_it(bench: Bench) -> None:
    outcome, _ = run(bench.open("sh", "-c", "exit 3"))
    assert outcome == Outcome(3, "exited with 3")
    assert not outcome.succeeded


def test_an_accepted_exit_code_is_a_success(bench: Bench) -> None:
    outcome, _ = run(bench.open("sh", "-c", "exit 3", accept_return_code=(3,)))
    assert outcome == Outcome(3)


def test_being_killed_is_a_failure_that_says_so(bench: Bench) -> None:
    worker = bench.open("sh", "-c", "kill -9 \"$(exec sh -c 'echo $PPID')\"; sleep 5")
    outcome, _ = run(worker)
    assert "SIGKILL" in outcome.reason
    assert outcome.may_retry


def test_a_program_that_is_not_there_is_named(bench: Bench) -> None:
    outcome, _ = run(bench.open("no-such-program"))
    assert not outcome.succeeded
    assert "no-such-program" in outcome.reason


def test_a_timeout_kills_and_the_worker_goes_on(bench: Bench) -> None:
    worker = bench.open("sh", "-c", 'echo begin; sleep "$SLEEP"; echo end', timeout=4)
    outcome, lines = run(worker, {"SLEEP": "1000"})
    assert outcome.reason == "ran longer than its datum_timeout of 4 s and was killed"
    assert lines == [("STDOUT", "begin")]
    assert run(worker, {"SLEEP": "0"})[0] == Outcome(0)


def test_what_a_datum_leaves_running_ends_with_it(bench: Bench) -> None:
    worker = bench.open("sh", "-c", '(sleep 0.3; echo late >"$DATAVC_PFS/out/late") & echo done')
    assert run(worker) == (Outcome(0), [("STDOUT", "done")])
    time.sleep(0.6)
    assert os.listdir(worker.output) == []


def test_the_working_folder_is_the_specs(bench: Bench) -> None:
    assert run(bench.open("pwd", working_dir="/tmp"))[1] == [("STDOUT", "/tmp")]


def test_an_interrupt_from_another_thread_ends_a_run(bench: Bench) -> None:
    worker = bench.open("sh", "-c", 'echo >"$DATAVC_PFS/out/started"; sleep 1000')
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(run(worker)[0]))
    thread.start()
    wait_for((worker.output / "started").exists)
    worker.interrupt()
    thread.join()
    assert worker.interrupted
    assert not outcomes[0].succeeded
    assert not outcomes[0].may_retry
    assert not run(worker)[0].succeeded


def test_an_executor_that_is_not_there_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(ExecutorUnavailable, match="DATAVC_EXECUTOR=process"):
        open_executor("docker")
    executor = open_executor("auto")
    assert executor.name == "process"


@pytest.mark.docker
class TestDocker:
    @pytest.fixture
    def bench(self, docker_image: str, tmp_path: Path) -> Iterator[Bench]:
        executor = open_executor("docker")
        made = Bench(executor, docker_image, tmp_path)
        yield made
        for worker in made.workers:
            worker.close()
        executor.close()

    def test_the_image_is_pinned_by_its_id(self, bench: Bench) -> None:
        digest = bench.executor.prepare(bench.image, None)
        assert digest.startswith("sha256:")
        assert bench.executor.prepare(bench.image, digest) == digest

    def test_an_image_that_cannot_be_had_is_named(self, bench: Bench) -> None:
        with pytest.raises(ExecutorUnavailable, match=r"registry\.invalid/none"):
            bench.executor.prepare("registry.invalid/none:1", None)

    def test_one_container_serves_many_datums_and_forgets_each(self, bench: Bench) -> None:
        worker = bench.open(
            "sh", "-c", "hostname; ls -A /tmp; echo x >/tmp/left; echo x >/tmp/.left"
        )
        first, second = run(worker)[1], run(worker)[1]
        assert first == second
        assert len(first) == 1

    @pytest.mark.parametrize(
        "command",
        [
            'echo x >"/pfs/in/file"',
            "rm /pfs/in/file",
            "echo x >/file",
            "mkdir /pfs/other",
            "ping -c 1 -W 1 127.0.0.1 && ping -c 1 -W 1 8.8.8.8",
            "chown 5 /pfs/out",
            "mount -t tmpfs none /mnt",
            "mknod /pfs/out/device c 1 3",
        ],
    )
    def test_what_a_transform_may_not_do_fails(self, bench: Bench, command: str) -> None:
        outcome, _ = run(bench.open("sh", "-c", command))
        assert not outcome.succeeded

    def test_running_out_of_memory_is_told_and_not_tried_again(self, bench: Bench) -> None:
        spec = PipelineSpec(
            name="p",
            transform=Transform(bench.image, ("sh", "-c", "if [ $BIG ]; then tail /dev/zero; fi")),
            input=PfsInput("in", "in", "main", "/*"),
            limits=Resources(memory=16 << 20),
        )
        worker = bench.open_spec(spec)
        outcome, _ = run(worker, {"BIG": "1"})
        assert outcome.reason.startswith("ran out of memory: its limit is 16 MiB")
        assert not outcome.may_retry
        assert run(worker)[0] == Outcome(0)

    def test_a_process_that_ran_out_of_memory_is_told_of_if_the_transform_fails(
        self, bench: Bench
    ) -> None:
        script = "if [ $BIG ]; then tail /dev/zero; fi; exit $CODE"
        spec = PipelineSpec(
            name="p",
            transform=Transform(bench.image, ("sh", "-c", script)),
            input=PfsInput("in", "in", "main", "/*"),
            limits=Resources(memory=16 << 20),
        )
        worker = bench.open_spec(spec)
        outcome, _ = run(worker, {"BIG": "1", "CODE": "3"})
        assert outcome.reason.startswith(
            "exited with 3, after one of its processes ran out of memory: its limit is 16 MiB"
        )
        assert not outcome.may_retry
        assert run(worker, {"CODE": "3"})[0] == Outcome(3, "exited with 3")
        assert run(worker, {"BIG": "1", "CODE": "0"})[0] == Outcome(0)
        assert run(worker, {"CODE": "3"})[0] == Outcome(3, "exited with 3")

    def test_a_container_has_the_graphics_processors_of_its_datum(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[object] = []
        make = APIClient.create_host_config

        def record(client: APIClient, **options: Any) -> Any:
            requests = options.pop("device_requests")
            asked.append(requests and requests[0]["DeviceIDs"])
            return make(client, **options)

        monkeypatch.setattr(APIClient, "create_host_config", record)
        worker = bench.open("hostname")
        asked.clear()
        names = []
        for gpus in ((1,), (1,), (0, 2), ()):
            worker.gpus = gpus
            names += run(worker)[1]
        assert asked == [["1"], ["0", "2"], None]
        assert names[0] == names[1]
        assert len(set(names)) == 3

    def test_labels_of_the_spec_are_on_the_container(self, bench: Bench) -> None:
        spec = PipelineSpec(
            name="p",
            transform=Transform(bench.image, ("true",)),
            input=PfsInput("in", "in", "main", "/*"),
            labels={"team": "vision-7", "datavc.job": "not this"},
        )
        worker = bench.open_spec(spec)
        assert run(worker)[0] == Outcome(0)
        client = APIClient(version="auto")
        (found,) = client.containers(filters={"label": "team=vision-7"})
        client.close()
        assert found["Labels"]["datavc.job"] == "job"

    def test_the_user_is_the_specs(self, bench: Bench) -> None:
        worker = bench.open("sh", "-c", "id -u; echo x >/pfs/out/file", user="1234")
        assert run(worker) == (Outcome(0), [("STDOUT", "1234")])
        assert (worker.output / "file").read_text() == "x\n"

    def test_a_container_that_dies_is_replaced(self, bench: Bench) -> None:
        worker = bench.open("sh", "-c", 'echo >/pfs/out/started; if [ "$WAIT" ]; then sleep 9; fi')
        thread = threading.Thread(target=kill_when, args=(worker.output / "started",))
        thread.start()
        outcome, _ = run(worker, {"WAIT": "1"})
        thread.join()
        assert "its container stopped with 137" in outcome.reason
        assert run(worker)[0] == Outcome(0)

    def test_containers_of_a_dead_engine_are_removed_by_the_next(self, bench: Bench) -> None:
        client = docker_client()
        left = client.create_container(
            bench.image, ["sh"], labels={"datavc.owner": owner_of_the_dead()}
        )
        open_executor("docker").close()
        # Another test's executor may have begun its removal, which the listing shows until its end.
        wait_for(lambda: left["Id"] not in [it["Id"] for it in client.containers(all=True)])
        client.close()


def wait_for(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)


def docker_client() -> APIClient:
    return APIClient(version="auto")


def owner_of_the_dead() -> str:
    start, _, _ = identify_process().rpartition(":")
    return f"{start}:1"


def kill_when(started: Path) -> None:
    wait_for(started.exists)
    client = docker_client()
    for container in client.containers(filters={"label": "datavc.job=job"}):
        client.kill(container["Id"])
    client.close()


def test_recovery_runs_the_err_cmd_with_its_own_input_and_time(bench: Bench) -> None:
    worker = bench.open(
        "sh", "-c", "cat; exit 3", timeout=20, stdin=("one",), err_cmd=("cat",), err_stdin=("two",)
    )
    for _ in range(2):
        assert run(worker) == (Outcome(3, "exited with 3"), [("STDOUT", "one")])
        log = DatumLog(1 << 20)
        assert worker.run({"DATAVC_PFS": worker.pfs}, log, recover=True) == Outcome(0)
        assert [text for _, _, text in decode_log(log.encoded())] == ["two"]
