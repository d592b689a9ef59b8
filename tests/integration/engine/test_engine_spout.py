"""Spouts: programs that keep running without an input, and put out commits as they go."""

import os
import signal
import socket
from pathlib import Path

import pytest

from datavc.engine import jobs
from datavc.engine.finished_files import finished_files
from datavc.engine.logs import read_logs
from datavc.engine.pipeline_control import start_pipeline, stop_pipeline
from datavc.engine.pipelines import create_pipeline, get_pipeline
from datavc.engine.spout_commits import _Taken
from datavc.errors import InvalidSpec
from datavc.model.job import JobState
from datavc.model.log_query import LogQuery
from datavc.model.pipeline import parse_pipeline_spec
from datavc.store.content import ContentWriter
from datavc.versioning import history
from tests.integration.engine.test_engine_service import serving, start_engine, wait_until
from tests.services.ports import free_ports

#: Counts on from where its marker is; each number is a file that comes with the next marker.
COUNT = """
set -eu
out="$DATAVC_PFS/out"
n=$(cat "$DATAVC_PFS/marker/next" 2>/dev/null || echo 0)
echo "begins at $n"
while :
do
    echo "$n" >"$out/.part"
    mv "$out/.part" "$out/n$(printf %05d "$n")"
    n=$((n + 1))
    echo "$n" >"$out/.next"
    mv "$out/.next" "$out/next"
    sleep 0.02
done
"""


def spout(script: str = COUNT, **fields: object) -> dict[str, object]:
    return {
        "pipeline": {"name": "src"},
        "transform": {"cmd": ["sh", "-c", script]},
        "spout": {"marker": "next"},
        **fields,
    }


def numbers(world) -> list[int]:
    files = world.files("src") if world.head("src") is not None else {}
    assert all(path == "next" or path[0] == "n" for path in files)
    found = sorted(int(path[1:]) for path in files if path != "next")
    if found:
        # All that the marker speaks of is there, and its numbers are what they should be.
        assert found[: int(files["next"])] == list(range(int(files["next"])))
        assert all(int(files[f"n{number:05}"]) == number for number in found)
    return found


def test_what_is_finished_is_committed_and_triggers_what_reads_it(world) -> None:
    create_pipeline(world.vs, spout(), "tester")
    world.pipeline("total", "src", 'ls "$in" | grep -c n0 >"$DATAVC_PFS/out/count"', glob="/")
    with serving(world):
        wait_until(lambda: len(numbers(world)) > 30)
        wait_until(lambda: world.head("total") is not None)
        stop_pipeline(world.vs, "src", "tester")
        wait_until(lambda: jobs.list_jobs(world.vs, "src")[0].state is JobState.KILLED)
    commits = list(history.log(world.vs, "src", "main", None))
    assert len(commits) > 1
    assert commits[0].pipeline == "src@1"
    before = len(numbers(world))
    start_pipeline(world.vs, "src", "tester")
    with serving(world):
        wait_until(lambda: len(numbers(world)) > before + 10)


@pytest.mark.parametrize("kills", [3])
def test_a_killed_engine_loses_nothing_that_was_committed(world, kills: int) -> None:
    create_pipeline(world.vs, spout(), "tester")
    before: list[int] = []
    for _ in range(kills):
        engine = start_engine(world.home, "process")
        try:
            goal = len(before) + 20
            wait_until(lambda: len(numbers(world)) > goal)  # noqa: B023
        finally:
            os.kill(engine.pid, signal.SIGKILL)
            engine.wait()
        now = numbers(world)
        assert set(before) <= set(now)
        before = now


def test_what_was_finished_when_the_program_ended_is_not_lost(world) -> None:
    script = """
    if [ -e "$DATAVC_PFS/marker/next" ]; then sleep 60; fi
    cd "$DATAVC_PFS/out"
    echo last >file; echo half >.x; echo 1 >next
    exit 7
    """
    create_pipeline(world.vs, spout(script), "tester")
    with serving(world):
        wait_until(lambda: world.head("src") is not None)
    assert world.files("src") == {"file": b"last\n", "next": b"1\n"}


def test_files_that_are_being_written_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name in ("sub/done", ".part", ".hidden/file", "plain"):
        (tmp_path / name).write_text("x")
    (tmp_path / "link").symlink_to("plain")
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "open").open("w") as file:
        file.write("half")
        file.flush()
        assert list(finished_files(tmp_path)) == ["plain", "sub/done"]
    assert list(finished_files(tmp_path)) == ["open", "plain", "sub/done"]


@pytest.mark.docker
def test_a_spout_in_a_container(make_world, docker_image: str) -> None:
    world = make_world(executor="docker")
    transform = {"image": docker_image, "cmd": ["sh", "-c", COUNT], "user": "1234"}
    create_pipeline(world.vs, spout(transform=transform), "tester")
    with serving(world):
        wait_until(lambda: len(numbers(world)) > 20)


#: Keeps what each connection sends in a file of its own, and tells of those that sent nothing.
KEEP = """
part=$(mktemp "$DATAVC_PFS/out/.XXXXXX")
cat >"$part"
[ -s "$part" ] || { rm "$part"; echo empty >&2; exit; }
mv "$part" "$DATAVC_PFS/out/n${part##*.}"
"""


@pytest.mark.docker
def test_a_spout_in_a_container_is_sent_to(make_world, docker_image: str) -> None:
    world = make_world(executor="docker")
    (port,) = free_ports(1)
    listen = f"exec nc -ll -p $DATAVC_SERVICE_PORT -e sh -c '{KEEP}'"
    spec = spout(
        transform={"image": docker_image, "cmd": ["sh", "-c", listen], "user": "1234"},
        spout={},
        service={"internal_port": 8000, "external_port": port},
    )
    create_pipeline(world.vs, spec, "tester")
    sent: list[bytes] = []
    with serving(world):
        address = f"listens at 127.0.0.1:{port}"
        wait_until(lambda: get_pipeline(world.vs, "src").last_job_reason == address)
        for number in range(4):
            sent.append(f"message {number}\n".encode())
            with socket.create_connection(("127.0.0.1", port)) as sender:
                sender.sendall(sent[-1])
            # Each is a commit of its own, so as many looks at how the program is.
            wait_until(lambda: world.head("src") and sent[-1] in world.files("src").values())
        (job,) = jobs.list_jobs(world.vs, "src")
        printed = [line.text for line in read_logs(world.vs, LogQuery(job=job.id))]
    assert sorted(world.files("src").values()) == sent
    # Whether it listens is asked by connections that send nothing: no more once that is sure.
    assert printed.count("empty") <= 2


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"input": {"pfs": {"repo": "raw", "glob": "/"}}}, "input: a spout has none"),
        ({"egress": {"URL": "s3://bucket"}}, "egress: a spout has none"),
        ({"spout": {"marker": "a/b"}}, "spout.marker: 'a/b' cannot name a marker"),
        ({"spout": {"marker": ".x"}}, "spout.marker: '.x' cannot name a marker"),
        ({"spout": {"service": {"external_port": 1}}}, "spout.service is not supported yet"),
        ({"spout": None}, "input is missing"),
    ],
)
def test_what_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidSpec) as found:
        parse_pipeline_spec(spout() | fields)
    assert found.value.message.startswith(message)


def test_a_spout_needs_nothing_but_its_name() -> None:
    assert parse_pipeline_spec(spout() | {"spout": {}}).is_standing


def test_a_link_that_takes_the_place_of_a_file_is_not_followed(world, tmp_path: Path) -> None:
    """A program may do so between the look at its files and their reading."""
    out = tmp_path / "out"
    (out / "sub").mkdir(parents=True)
    (tmp_path / "file").write_bytes(b"not the program's")
    (out / "link").symlink_to(tmp_path / "file")
    (out / "folder").symlink_to(tmp_path)
    (out / "sub" / "own").write_bytes(b"the program's")
    with world.objects.session(world.vs.chunks) as session:
        taken = _Taken(out, ContentWriter(session, world.vs.chunks))
        taken.add(["folder/file", "link", "missing", "sub/own"])
    assert list(taken.entries) == list(taken.signatures) == ["sub/own"]
