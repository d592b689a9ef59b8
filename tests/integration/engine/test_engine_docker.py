"""The engine with containers: what only they can do."""

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
