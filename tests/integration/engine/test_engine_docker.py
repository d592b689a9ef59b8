"""The engine with containers: what only they can do."""

from pathlib import Path

import pytest

from datavc.engine.pipelines import create_pipeline, get_pipeline
from datavc.model.job import JobState

pytestmark = pytest.mark.docker


def test_a_chain_runs_in_containers_and_pins_its_image(make_world, docker_image: str) -> None:
    world = make_world(executor="docker")
    world.repo("raw")
    for name, source, script in (
        ("upper", "raw", "for f in /pfs/in/*; do tr a-z A-Z <$f >/pfs/out/${f##*/}; done"),
        ("joined", "upper", "cat /pfs/in/* >/pfs/out/all"),
    ):
        create_pipeline(
            world.vs,
            {
                "pipeline": {"name": name},
                "transform": {"image": docker_image, "cmd": ["sh"], "stdin": [script]},
                "input": {
                    "pfs": {"name": "in", "repo": source, "glob": "/*" if source == "raw" else "/"}
                },
            },
            "tester",
        )
    before = get_pipeline(world.vs, "upper").digest
    files = {f"f{number}": b"text%d" % number for number in range(20)}
    upper, joined = world.commit_and_drive("raw", files)
    assert (upper.state, upper.executor) == (JobState.SUCCESS, "docker")
    assert joined.state is JobState.SUCCESS
    assert world.files("upper") == {name: text.upper() for name, text in files.items()}
    digest = get_pipeline(world.vs, "upper").digest
    assert digest != before
    assert world.head("upper").provenance.pipeline_digest == digest
    upper, _ = world.commit_and_drive("raw", {"f0": b"other"})
    assert (upper.datums_processed, upper.datums_skipped) == (1, 19)


def test_an_image_that_cannot_be_had_fails_the_job(make_world, docker_image: str) -> None:
    world = make_world(executor="docker")
    world.repo("raw")
    world.pipeline("none", "raw", "true")
    (job,) = world.commit_and_drive("raw", {"a": b"one"})
    assert job.state is JobState.FAILURE
    assert "needs transform.image" in job.reason


def create(world, image: str, script: str, **fields: object) -> None:
    create_pipeline(
        world.vs,
        {
            "pipeline": {"name": "p"},
            "transform": {"image": image, "cmd": ["sh", "-euc", script]},
            "input": {"pfs": {"name": "in", "repo": "raw", "glob": "/*"}},
            "datum_tries": 1,
            **fields,
        },
        "tester",
    )


def test_a_limit_of_disk_holds_for_outputs_and_scratch(make_world, docker_image: str) -> None:
    world = make_world(executor="docker")
    world.repo("raw")
    script = (
        "case $in in */tmp) ! head -c 2000000 /dev/zero 2>/dev/null >/tmp/x;; "
        "*/out) head -c 2000000 /dev/zero >/pfs/out/x;; *) cp $in /pfs/out/;; esac"
    )
    create(world, docker_image, script, resource_limits={"disk": "1M"})
    (job,) = world.commit_and_drive("raw", {"a": b"1", "tmp": b"2"})
    assert (job.state, job.datums_processed) == (JobState.SUCCESS, 2), job.reason
    (job,) = world.commit_and_drive("raw", {"out": b"3"})
    assert job.state is JobState.FAILURE
    assert "it wrote 2,000,000 bytes, above its resource_limits.disk of 1,000,000" in job.reason


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="this machine has one")
def test_a_graphics_processor_that_is_not_there_fails_the_job(
    make_world, docker_image: str
) -> None:
    world = make_world(executor="docker")
    world.repo("raw")
    create(world, docker_image, "true", resource_limits={"gpu": {"number": 1}})
    (job,) = world.commit_and_drive("raw", {"a": b"1"})
    assert job.state is JobState.FAILURE
    assert "Docker has no graphics processor for containers here" in job.reason


SEES = (
    "! echo x 2>/dev/null >>/pfs/models/model; "
    'echo "$(stat -c %h /pfs/models/model) $(stat -c %h /pfs/models/small) '
    '$(tail -c 3 /pfs/models/model)" >"/pfs/out/${raw##*/}"'
)


def test_a_large_input_is_there_once_for_all_datums(make_world, docker_image: str) -> None:
    """The number of its hard links tells; and nobody can change it."""
    world = make_world(executor="docker")
    world.repo("models", "raw")
    models = {"pfs": {"repo": "models", "glob": "/"}}
    spec: dict[str, object] = {
        "pipeline": {"name": "apply"},
        "transform": {"image": docker_image, "cmd": ["sh", "-euc", SEES]},
        "input": {"cross": [models, {"pfs": {"repo": "raw", "glob": "/*"}}]},
    }
    world.commit_and_drive("models", {"model": bytes(3 << 20) + b"end", "small": b"s"})
    create_pipeline(world.vs, spec, "tester")
    (job,) = world.commit_and_drive("raw", {f"f{number}": b"%d" % number for number in range(6)})
    assert (job.state, job.datums_processed) == (JobState.SUCCESS, 6), job.reason
    for printed in world.files("apply").values():
        links, others, end = printed.split()
        assert int(links) > 1
        assert (others, end) == (b"1", b"end")
    left = {path.name for path in (world.home / "scratch").rglob("*") if path.is_file()}
    assert left == {"owner"}
