"""Runs with other values of a transform's variables."""

import pytest

from datavc.engine import jobs
from datavc.engine.pipeline_control import run_pipeline
from datavc.engine.reproduction import list_reproductions, start_reproduction
from datavc.errors import InvalidInput
from datavc.model.job import JobInfo, JobState
from datavc.model.reproduction import Verdict
from tests.integration.engine.conftest import BOTH_DATABASES

pytestmark = BOTH_DATABASES

SCRIPT = 'for f in "$DATAVC_PFS"/in/*; do echo "$FACTOR$UNIT" >"$DATAVC_PFS/out/${f##*/}"; done'
TRANSFORM = {"cmd": ["sh", "-euc", SCRIPT], "env": {"FACTOR": "1", "UNIT": "m"}}


@pytest.fixture
def scaled(world):
    """A pipeline with two parameters, which has run once."""
    world.repo("raw")
    world.pipeline("scaled", "raw", SCRIPT, transform=TRANSFORM)
    world.commit_and_drive("raw", {"a": b"1", "b": b"2"})
    return world


def run(world, **parameters: str) -> JobInfo:
    made = run_pipeline(world.vs, "scaled", "ann", parameters=parameters)
    (ended,) = world.drive(made.run_id)
    assert ended.state is JobState.SUCCESS
    return ended


def output(world) -> set[bytes]:
    return set(world.files("scaled").values())


def test_other_values_are_other_results_and_equal_ones_are_reused(scaled) -> None:
    default = scaled.head("scaled")
    first = run(scaled, FACTOR="2")
    assert (first.parameters, first.datums_processed) == ({"FACTOR": "2"}, 2)
    assert output(scaled) == {b"2m\n"}
    other = scaled.head("scaled")
    assert other.provenance.pipeline == default.provenance.pipeline
    assert other.provenance.pipeline_digest != default.provenance.pipeline_digest
    again = run(scaled, FACTOR="2")
    assert (again.datums_processed, again.datums_skipped, again.output) == (0, 2, None)
    assert run(scaled, FACTOR="2", UNIT="km").datums_processed == 2
    assert output(scaled) == {b"2km\n"}
    # A value that is the spec's own is no other one.
    assert run(scaled, FACTOR="1").datums_skipped == 2
    assert output(scaled) == {b"1m\n"}


def test_the_next_commit_runs_as_the_spec_says(scaled) -> None:
    run(scaled, FACTOR="2")
    (job,) = scaled.commit_and_drive("raw", {"c": b"3"})
    assert (job.parameters, job.datums_processed, job.datums_skipped) == ({}, 1, 2)
    assert output(scaled) == {b"1m\n"}
    job = run(scaled, FACTOR="2")
    assert (job.datums_processed, job.datums_skipped) == (1, 2)
    assert output(scaled) == {b"2m\n"}


def test_a_new_version_with_the_same_code_reuses_what_was_made_with_the_same_values(scaled) -> None:
    run(scaled, FACTOR="2")
    scaled.pipeline(
        "scaled", "raw", SCRIPT, transform=TRANSFORM, update=True, description="the same code"
    )
    assert run(scaled, FACTOR="2").datums_skipped == 2
    assert output(scaled) == {b"2m\n"}


def test_what_was_made_with_parameters_is_made_once_more_with_them(scaled) -> None:
    run(scaled, FACTOR="2")
    made = start_reproduction(scaled.vs, "scaled", "main", "ann")
    (ended,) = scaled.drive(made.run_id)
    (found,) = list_reproductions(scaled.vs, "scaled", "main")
    assert (ended.parameters, found.verdict) == ({"FACTOR": "2"}, Verdict.SAME)


def test_what_the_spec_does_not_declare_is_refused(scaled) -> None:
    before = len(jobs.list_jobs(scaled.vs))
    for wrong in ({"NOPE": "1"}, {"FACTOR": "a\0b"}, {"FACTOR": "x" * 5000}):
        with pytest.raises(InvalidInput):
            run_pipeline(scaled.vs, "scaled", "ann", parameters=wrong)
    assert len(jobs.list_jobs(scaled.vs)) == before


def test_a_waiting_job_with_parameters_is_not_superseded(world) -> None:
    world.repo("raw")
    world.pipeline("scaled", "raw", SCRIPT, transform=TRANSFORM, skip_superseded=True)
    world.commit_and_drive("raw", {"a": b"1"})
    made = run_pipeline(world.vs, "scaled", "ann", parameters={"FACTOR": "2"})
    plain = run_pipeline(world.vs, "scaled", "ann")
    later = run_pipeline(world.vs, "scaled", "ann")
    world.drive(later.run_id)
    assert jobs.get_job(world.vs, made.id).state is JobState.SUCCESS
    assert jobs.get_job(world.vs, plain.id).state is JobState.SUPERSEDED
