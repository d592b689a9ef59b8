"""What goes wrong in a transform is one clear error, and nothing half done is to be seen."""

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datavc.engine import jobs
from datavc.engine.job_control import restart_job, stop_job
from datavc.engine.logs import read_logs
from datavc.engine.pipelines import create_pipeline
from datavc.errors import Conflict, OutOfSpace, StoreUnavailable
from datavc.model.job import DatumState, JobState
from datavc.model.log_query import LogQuery

COPY = 'for f in "$DATAVC_PFS"/in/*; do : >"$CALLS/${f##*/}"; cp "$f" "$DATAVC_PFS/out/"; done'
FAIL_ON_BAD = f'case "$in" in */bad*) echo broken >&2; exit 3;; esac; {COPY}'


def test_a_failed_datum_fails_its_job_and_leaves_the_branch_alone(world) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", FAIL_ON_BAD, datum_tries=2)
    world.pipeline("after", "copy", COPY)
    world.commit_and_drive("raw", {"a": b"one"})
    good = world.head("copy")
    copy, after = world.commit_and_drive("raw", {"bad": b"x"})
    assert copy.state is JobState.FAILURE
    assert "(in:/bad) exited with 3" in copy.reason
    assert f"datavc job logs {copy.id}" in copy.reason
    assert copy.datums_failed == 1
    assert after.state is JobState.UNRUNNABLE
    assert copy.id in after.reason
    assert world.head("copy") == good
    (datum,) = jobs.list_datums(world.vs, copy.id)
    assert (datum.state, datum.exit_code) == (DatumState.FAILED, 3)
    lines = [
        (line.stream, line.text)
        for line in read_logs(world.vs, LogQuery(job=copy.id, datum=datum.id[:8]))
    ]
    assert lines == [
        ("stderr", "broken"), ("engine", "try 1 of 2: exited with 3"),
        ("stderr", "broken"), ("engine", "failed: exited with 3"),
    ]  # fmt: skip


def test_what_succeeded_in_a_failed_job_is_not_run_again(world) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", FAIL_ON_BAD, datum_tries=1, parallelism_spec={"constant": 1})
    (failed,) = world.commit_and_drive("raw", {"a": b"1", "b": b"2", "bad": b"x", "c": b"3"})
    assert failed.state is JobState.FAILURE
    done = world.called()
    assert done
    (job,) = world.commit_and_drive("raw", {"bad": None})
    assert job.state is JobState.SUCCESS
    assert world.called() == sorted({"a", "b", "c"} - set(done))
    assert job.datums_skipped == len(done)
    assert sorted(world.files("copy")) == ["a", "b", "c"]


def test_a_job_is_restarted_beside_what_still_works_on_it(make_world) -> None:
    """The engine that claims it again has not noticed yet that it was stopped."""
    world = make_world(lease_seconds=300.0, workers=1)
    world.repo("raw")
    script = ': >"$CALLS/$$"; until [ -e "$CALLS/gate" ]; do sleep 0.05; done; ' + COPY
    world.pipeline("slow", "raw", script)
    run = world.put("raw", {"a": b"1"})
    stop = threading.Event()
    engine = threading.Thread(target=world.engine.serve, args=(stop,))
    engine.start()
    try:
        (job,) = wait_for(lambda: jobs.list_jobs(world.vs, run_id=run))
        wait_for(lambda: list(world.calls.iterdir()))
        stop_job(world.vs, job.id, "ada")
        restart_job(world.vs, job.id, "ada")
        wait_for(lambda: len(list(world.calls.iterdir())) == 2)
        (world.calls / "gate").touch()
        wait_for(lambda: jobs.get_job(world.vs, job.id).state.is_terminal)
    finally:
        stop.set()
        engine.join(30)
    ended = jobs.get_job(world.vs, job.id)
    assert (ended.state, ended.reason) == (JobState.SUCCESS, "")
    assert world.files("slow")["a"] == b"1"


def wait_for(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 30
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def test_a_datum_that_fails_at_first_may_succeed_later(world) -> None:
    world.repo("raw")
    flaky = 'n=$(ls "$CALLS" | wc -l); : >"$CALLS/$n"; [ "$n" -ge 2 ]; echo ok >"$DATAVC_PFS/out/x"'
    world.pipeline("flaky", "raw", flaky)
    (job,) = world.commit_and_drive("raw", {"a": b"one"})
    assert job.state is JobState.SUCCESS
    assert len(world.called()) == 3


def recover(world, script: str, err_script: str, **fields: object) -> dict[str, object]:
    """A pipeline ``copy`` over ``raw`` with an ``err_cmd``."""
    transform = {
        "cmd": ["sh", "-euc", script],
        "err_cmd": ["sh", "-euc", err_script],
        "env": {"CALLS": str(world.calls)},
    }
    return {
        "pipeline": {"name": "copy"},
        "transform": transform,
        "input": {"pfs": {"name": "in", "repo": "raw", "glob": "/*"}},
        **fields,
    }


NOTE = ': >"$CALLS/err-${in##*/}"; echo partly >"$DATAVC_PFS/out/rest"'


def test_a_recovered_datum_is_left_out_and_tried_again_by_the_next_job(world) -> None:
    world.repo("raw")
    create_pipeline(world.vs, recover(world, FAIL_ON_BAD, NOTE, datum_tries=3), "tester")
    (job,) = world.commit_and_drive("raw", {"a": b"1", "bad": b"x"})
    assert (job.state, job.datums_processed, job.datums_recovered) == (JobState.SUCCESS, 1, 1)
    assert world.called() == ["a", "err-bad"]
    assert world.files("copy") == {"a": b"1"}
    states = {datum.inputs: datum.state for datum in jobs.list_datums(world.vs, job.id)}
    assert states["in:/bad",] is DatumState.RECOVERED
    bad = next(each for each in jobs.list_datums(world.vs, job.id) if each.exit_code == 3)
    texts = [line.text for line in read_logs(world.vs, LogQuery(job=job.id, datum=bad.id))]
    assert texts.count("broken") == 3
    assert texts[-1] == "recovered by err_cmd: the job goes on without this datum's output"
    (again,) = world.commit_and_drive("raw", {"b": b"2"})
    assert (again.datums_skipped, again.datums_recovered) == (1, 1)
    assert world.called() == ["b", "err-bad"]


def test_a_datum_that_succeeds_at_a_later_try_is_not_recovered(world) -> None:
    world.repo("raw")
    flaky = f'[ -e "$CALLS/once" ] || {{ : >"$CALLS/once"; exit 1; }}; {COPY}'
    create_pipeline(world.vs, recover(world, flaky, NOTE), "tester")
    (job,) = world.commit_and_drive("raw", {"a": b"1"})
    assert (job.state, job.datums_processed, job.datums_recovered) == (JobState.SUCCESS, 1, 0)
    assert world.called() == ["a", "once"]


def test_an_err_cmd_has_its_own_time(world) -> None:
    world.repo("raw")
    slow = f"sleep 0.4; {NOTE}"
    spec = recover(world, "sleep 60", slow, datum_tries=1, datum_timeout="1s")
    create_pipeline(world.vs, spec, "tester")
    (job,) = world.commit_and_drive("raw", {"a": b"1"})
    assert (job.state, job.datums_recovered) == (JobState.SUCCESS, 1)
    assert world.called() == ["err-a"]


def test_an_err_cmd_that_fails_fails_the_datum(world) -> None:
    world.repo("raw")
    spec = recover(world, FAIL_ON_BAD, "echo no >&2; exit 9", datum_tries=1)
    create_pipeline(world.vs, spec, "tester")
    (job,) = world.commit_and_drive("raw", {"bad": b"x"})
    assert job.state is JobState.FAILURE
    assert "(in:/bad) exited with 3" in job.reason
    (datum,) = jobs.list_datums(world.vs, job.id)
    texts = [line.text for line in read_logs(world.vs, LogQuery(job=job.id, datum=datum.id))]
    assert texts == ["broken", "failed: exited with 3", "no", "err_cmd failed, too: exited with 9"]


def test_what_was_recovered_once_and_succeeds_now_is_in_the_output(world) -> None:
    world.repo("raw")
    create_pipeline(world.vs, recover(world, FAIL_ON_BAD, NOTE, datum_tries=1), "tester")
    world.commit_and_drive("raw", {"a": b"1", "bad": b"x"})
    info = create_pipeline(world.vs, recover(world, COPY, NOTE), "tester", update=True)
    assert info.last_job is not None
    (job,) = world.drive(jobs.get_job(world.vs, info.last_job).run_id)
    assert (job.state, job.datums_recovered) == (JobState.SUCCESS, 0)
    assert world.files("copy") == {"a": b"1", "bad": b"x"}


def test_two_datums_that_write_one_path_are_both_named(world) -> None:
    world.repo("raw")
    world.pipeline("same", "raw", 'cp "$in" "$DATAVC_PFS/out/same"')
    (job,) = world.commit_and_drive("raw", {"a": b"one", "b": b"two"})
    assert job.state is JobState.FAILURE
    assert "(in:/a)" in job.reason
    assert "(in:/b)" in job.reason
    assert "both wrote /same" in job.reason
    assert world.head("same") is None


def test_a_duplicate_is_told_while_other_datums_still_run(world) -> None:
    """The third datum would never end by itself."""
    world.repo("raw")
    script = (
        'case $in in */c) : >"$CALLS/c"; sleep 1000;; '
        '*) until [ -e "$CALLS/c" ]; do sleep 0.02; done; cp "$in" "$DATAVC_PFS/out/same";; esac'
    )
    world.pipeline("same", "raw", script, parallelism_spec={"constant": 3})
    (job,) = world.commit_and_drive("raw", {"a": b"one", "b": b"two", "c": b"three"})
    assert job.state is JobState.FAILURE
    assert "both wrote /same" in job.reason


def test_a_path_of_a_datum_kept_from_before_is_a_duplicate_too(world) -> None:
    world.repo("raw")
    world.pipeline("same", "raw", 'cp "$in" "$DATAVC_PFS/out/same"')
    world.commit_and_drive("raw", {"a": b"one"})
    (job,) = world.commit_and_drive("raw", {"b": b"two"})
    assert job.state is JobState.FAILURE
    assert "(in:/a)" in job.reason
    assert "(in:/b)" in job.reason
    assert world.files("same") == {"same": b"one"}


def test_a_file_where_another_datum_has_a_folder_is_refused(world) -> None:
    world.repo("raw")
    script = 'cd "$DATAVC_PFS/out"; case $in in */a) echo x >x;; *) mkdir x; echo y >x/y;; esac'
    world.pipeline("mixed", "raw", script)
    (job,) = world.commit_and_drive("raw", {"a": b"one", "b": b"two"})
    assert job.state is JobState.FAILURE
    assert "x/y" in job.reason


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("ln -s /etc/passwd link", "it wrote a symbolic link at /link"),
        ("mkdir d; ln -s /etc d/folder", "it wrote a symbolic link at /d/folder"),
        ("mkfifo pipe", "it wrote a named pipe at /pipe"),
        ("mknod device c 1 3 || mkfifo device", "at /device"),
        ("cd ..; rm -rf out; ln -s /etc out", "it removed its output folder"),
        ("kill -9 $$", "was killed by SIGKILL"),
        ("printf x >\"$(printf 'bad\\377')\"", "whose name is not allowed"),
    ],
)
def test_an_output_that_is_no_regular_file_fails_its_datum(
    world, script: str, message: str
) -> None:
    world.repo("raw")
    world.pipeline("odd", "raw", f'cd "$DATAVC_PFS/out"; {script}')
    (job,) = world.commit_and_drive("raw", {"a": b"one"})
    assert job.state is JobState.FAILURE
    assert message in job.reason
    assert world.head("odd") is None


def test_a_job_has_its_time(world) -> None:
    world.repo("raw")
    world.pipeline("slow", "raw", "sleep 1000", job_timeout="300ms")
    (job,) = world.commit_and_drive("raw", {"a": b"one"})
    assert job.state is JobState.FAILURE
    assert "ran longer than its job_timeout of 0.3 s" in job.reason


def test_a_datum_has_its_time(world) -> None:
    world.repo("raw")
    world.pipeline("slow", "raw", "sleep 1000", datum_timeout="200ms", datum_tries=1)
    (job,) = world.commit_and_drive("raw", {"a": b"one"})
    assert job.state is JobState.FAILURE
    assert "ran longer than its datum_timeout of 0.2 s" in job.reason


def test_an_update_kills_the_job_of_the_version_before(world) -> None:
    world.repo("raw")
    world.pipeline("slow", "raw", ': >"$CALLS/started"; sleep 1000')
    run = world.put("raw", {"a": b"one"})
    thread = threading.Thread(target=world.drive, args=(run,))
    thread.start()
    while not (world.calls / "started").exists():
        pass
    create_pipeline(
        world.vs,
        {
            "pipeline": {"name": "slow"},
            "transform": {"cmd": ["sh", "-c", 'cp "$in" "$DATAVC_PFS/out"']},
            "input": {"pfs": {"name": "in", "repo": "raw", "glob": "/*"}},
        },
        "tester",
        update=True,
    )
    thread.join()
    latest, killed = jobs.list_jobs(world.vs, "slow")
    assert killed.state is JobState.KILLED
    assert "version 2" in killed.reason
    (job,) = world.drive(latest.run_id)
    assert job.state is JobState.SUCCESS
    assert world.files("slow") == {"a": b"one"}


def test_a_drive_that_runs_out_of_time_leaves_the_job_to_others(world) -> None:
    world.repo("raw")
    world.pipeline("slow", "raw", f'[ -e "$CALLS/go" ] || sleep 1000; {COPY}')
    run = world.put("raw", {"a": b"one"})
    with pytest.raises(Conflict, match=r"is not over after 0\.3 s: slow"):
        world.engine.drive(run, 0.3)
    (world.calls / "go").touch()
    (job,) = world.drive(run)
    assert job.state is JobState.SUCCESS


def test_a_store_that_fills_up_fails_the_job_and_the_engine_lives(
    world, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", COPY)
    run = world.put("raw", {"a": b"one"})

    def full(*_: object) -> None:
        raise OutOfSpace("the disk of the store is full", hint="free some space")

    with monkeypatch.context() as patch:
        patch.setattr(world.objects.backend, "open_writer", full)
        (job,) = world.drive(run)
    assert job.state is JobState.FAILURE
    assert job.reason == "the disk of the store is full (free some space)"
    assert world.head("copy") is None
    (job,) = world.commit_and_drive("raw", {"b": b"two"})
    assert job.state is JobState.SUCCESS
    assert world.files("copy") == {"a": b"one", "b": b"two"}


def test_a_store_that_goes_away_leaves_the_job_for_later(
    world, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", COPY)
    run = world.put("raw", {"a": b"one"})

    def away(*_: object) -> None:
        raise StoreUnavailable("the store does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(world.objects.backend, "open_writer", away)
        with pytest.raises(StoreUnavailable):
            world.drive(run)
    (job,) = world.drive(run)
    assert job.state is JobState.SUCCESS


def test_a_transform_that_fills_its_disk_is_told_so(small_disk: Path, make_world) -> None:
    world = make_world(scratch=small_disk)
    world.repo("raw")
    world.pipeline("fill", "raw", 'head -c 9000000 /dev/zero >"$DATAVC_PFS/out/x"', datum_tries=1)
    (job,) = world.commit_and_drive("raw", {"a": b"one"})
    assert job.state is JobState.FAILURE
    assert "the scratch disk is full" in job.reason
    assert world.head("fill") is None


def test_inputs_that_do_not_fit_the_disk_fail_the_job(small_disk: Path, make_world) -> None:
    world = make_world(scratch=small_disk)
    world.repo("raw")
    world.pipeline("copy", "raw", COPY)
    (job,) = world.commit_and_drive("raw", {"a": bytes(range(256)) * 20_000})
    assert job.state is JobState.FAILURE
    assert "the scratch disk at" in job.reason
    assert "is full" in job.reason
    (job,) = world.commit_and_drive("raw", {"a": b"small"})
    assert job.state is JobState.SUCCESS


def test_no_scratch_is_left_behind(world) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", COPY)
    world.commit_and_drive("raw", {"a": b"one"})
    (own,) = (world.home / "scratch").iterdir()
    assert [path.name for path in own.iterdir()] == ["owner"]
    world.engine.close()
    assert list((world.home / "scratch").iterdir()) == []
    shutil.rmtree(world.home / "scratch")
