"""Making a commit's output once more."""

import pytest

from datavc.engine.job_control import restart_failed_jobs, restart_job
from datavc.engine.reproduction import list_reproductions, start_reproduction
from datavc.errors import InvalidInput, NotFound
from datavc.model.job import JobInfo, JobState
from datavc.model.reproduction import Reproduction, Verdict
from tests.integration.engine.conftest import BOTH_DATABASES

pytestmark = BOTH_DATABASES

COPY = 'for f in "$DATAVC_PFS"/in/*; do : >"$CALLS/${f##*/}"; cp "$f" "$DATAVC_PFS/out/"; done'
#: Prints another number and another name each time.
DRIFTS = (
    'n=$(cat "$CALLS/n" 2>/dev/null || echo 0); echo $((n + 1)) >"$CALLS/n"; '
    'echo "{\\"auc\\": 0.900$n}" >"$DATAVC_PFS/out/metrics.json"; {MORE}'
)


def reproduce(world, ref: str = "main", **how: object) -> tuple[JobInfo, list[Reproduction]]:
    job = start_reproduction(world.vs, "copy", ref, "ann", **how)
    (ended,) = world.drive(job.run_id)
    return ended, list_reproductions(world.vs, "copy", ref)


def test_the_same_code_gives_the_same_output(world) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", COPY)
    world.commit_and_drive("raw", {"a": b"1", "b": b"2"})
    before = world.head("copy")
    world.called()
    job, (found,) = reproduce(world)
    assert (job.state, job.datums_processed, job.datums_skipped) == (JobState.SUCCESS, 2, 0)
    assert world.called() == ["a", "b"]
    assert (found.verdict, found.files, found.different) == (Verdict.SAME, 2, 0)
    assert (found.author, found.job, found.commit) == ("ann", job.id, before.id)
    assert job.reproduces == f"copy@{before.id}"
    assert world.head("copy") == before


def test_an_old_commit_is_made_by_the_old_version_from_the_old_inputs(world) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", COPY)
    world.commit_and_drive("raw", {"a": b"1"})
    old = world.head("copy").id
    world.pipeline("copy", "raw", 'echo new >"$DATAVC_PFS/out/x"', update=True)
    world.commit_and_drive("raw", {"a": b"2"})
    job, (found,) = reproduce(world, old[:12])
    assert (job.version, found.verdict) == (1, Verdict.SAME)


def test_what_differs_is_listed_and_fails_the_job(world) -> None:
    world.repo("raw")
    script = DRIFTS.replace("{MORE}", 'echo x >"$DATAVC_PFS/out/only-$n"')
    world.pipeline("copy", "raw", script)
    world.commit_and_drive("raw", {"a": b"1"})
    job, (found,) = reproduce(world)
    assert job.state is JobState.FAILURE
    assert job.reason.endswith("and 2 more: the output was not reproduced")
    assert (found.verdict, found.different) == (Verdict.DIFFERENT, 3)
    assert {(each.path, each.kind) for each in found.differences} == {
        ("metrics.json", "different"), ("only-0", "missing"), ("only-1", "unexpected"),
    }  # fmt: skip


def test_numbers_in_metrics_may_differ_as_much_as_is_asked_for(world) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", DRIFTS.replace("{MORE}", "true"))
    world.commit_and_drive("raw", {"a": b"1"})
    how = {"metrics": ("*.json",)}
    job, found = reproduce(world, tolerance=0.01, **how)
    assert (job.state, found[0].verdict) == (JobState.SUCCESS, Verdict.WITHIN_TOLERANCE)
    job, found = reproduce(world, tolerance=1e-5, **how)
    assert (job.state, found[0].verdict) == (JobState.FAILURE, Verdict.DIFFERENT)
    assert found[0].differences[0].detail == "0.9000 became 0.9002"
    assert len(found) == 2


def test_it_leaves_nothing_for_later_jobs_to_build_upon(world) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", DRIFTS.replace("{MORE}", "true"))
    world.commit_and_drive("raw", {"a": b"1"})
    reproduce(world)
    (job,) = world.commit_and_drive("raw", {"b": b"2", "a": None})
    assert (job.state, job.datums_total) == (JobState.SUCCESS, 1)
    assert world.files("copy") == {"metrics.json": b'{"auc": 0.9002}\n'}


def test_what_cannot_be_made_once_more_is_refused(world) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", COPY)
    world.commit_and_drive("raw", {"a": b"1"})
    with pytest.raises(InvalidInput, match="was made by no pipeline"):
        start_reproduction(world.vs, "raw", "main", "ann")
    with pytest.raises(InvalidInput, match="a tolerance needs globs"):
        start_reproduction(world.vs, "copy", "main", "ann", tolerance=0.1)
    with pytest.raises(InvalidInput, match="makes no sense"):
        start_reproduction(world.vs, "copy", "main", "ann", tolerance=2, metrics=("*",))
    with pytest.raises(NotFound):
        start_reproduction(world.vs, "copy", "nowhere", "ann")


def test_what_is_made_once_more_neither_supersedes_nor_is_superseded(world) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", COPY, skip_superseded=True)
    world.commit_and_drive("raw", {"a": b"1"})
    runs = [world.put("raw", {"a": b"2"})]
    again = start_reproduction(world.vs, "copy", "main", "ann")
    (first,) = world.drive(runs[0])
    assert first.state is JobState.SUCCESS
    (made,) = world.drive(again.run_id)
    assert made.state is JobState.SUCCESS
    again = start_reproduction(world.vs, "copy", "main", "ann")
    runs = [world.put("raw", {"a": b"%d" % number}) for number in (3, 4)]
    states = [world.drive(run)[0].state for run in (again.run_id, *runs)]
    assert states == [JobState.SUCCESS, JobState.SUPERSEDED, JobState.SUCCESS]


def test_a_failed_job_is_restarted_whatever_was_made_once_more_since(world) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", f'test -e "$CALLS/../open"; {COPY}', datum_tries=1)
    (world.home / "open").touch()
    world.commit_and_drive("raw", {"a": b"1"})
    made = world.head("copy").id
    (world.home / "open").unlink()
    (failed,) = world.commit_and_drive("raw", {"a": b"2"})
    assert failed.state is JobState.FAILURE
    (world.home / "open").touch()
    job, _ = reproduce(world, made)
    assert job.state is JobState.SUCCESS
    (restarted,) = restart_failed_jobs(world.vs, "ann")
    assert restarted.id == failed.id
    (ended,) = world.drive(failed.run_id)
    assert ended.state is JobState.SUCCESS
    assert world.files("copy") == {"a": b"2"}


def test_a_reproduction_that_failed_is_restarted(world) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", f'test ! -e "$CALLS/../shut"; {COPY}', datum_tries=1)
    world.commit_and_drive("raw", {"a": b"1"})
    made = world.head("copy").id
    world.pipeline("copy", "raw", COPY, update=True)
    (world.home / "shut").touch()
    job, _ = reproduce(world, made)
    assert job.state is JobState.FAILURE
    (world.home / "shut").unlink()
    restart_job(world.vs, job.id, "ann")
    (ended,) = world.drive(job.run_id)
    assert ended.state is JobState.SUCCESS
    assert list_reproductions(world.vs, "copy", made)[0].verdict is Verdict.SAME
