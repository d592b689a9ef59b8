"""Commits trigger jobs, jobs make commits, and nothing runs twice."""

from collections import Counter

from datavc.db import outbox
from datavc.engine import jobs
from datavc.engine.pipelines import get_pipeline
from datavc.model.job import JobInfo, JobState
from tests.integration.engine.conftest import BOTH_DATABASES

pytestmark = BOTH_DATABASES

UPPER = """
for f in "$DATAVC_PFS"/in/*
do
    : >"$CALLS/${f##*/}"
    tr a-z A-Z <"$f" >"$DATAVC_PFS/out/${f##*/}"
done
"""
JOIN = 'cat "$DATAVC_PFS"/in/* >"$DATAVC_PFS/out/all"'


def counts(job: JobInfo) -> tuple[int, int, int, int]:
    return job.datums_total, job.datums_processed, job.datums_skipped, job.datums_failed


def test_only_new_datums_run_and_the_chain_follows(world) -> None:
    world.repo("raw")
    world.pipeline("upper", "raw", UPPER)
    world.pipeline("joined", "upper", JOIN, glob="/")
    first = world.commit_and_drive("raw", {"a": b"one", "b": b"two"})
    assert [(job.pipeline, job.state) for job in first] == [
        ("upper", JobState.SUCCESS), ("joined", JobState.SUCCESS),
    ]  # fmt: skip
    assert world.files("joined") == {"all": b"ONETWO"}
    assert world.called() == ["a", "b"]
    upper, joined = world.commit_and_drive("raw", {"c": b"three"})
    assert world.called() == ["c"]
    assert counts(upper) == (3, 1, 2, 0)
    assert counts(joined) == (1, 1, 0, 0)
    assert upper.run_id == joined.run_id
    assert world.files("joined") == {"all": b"ONETWOTHREE"}


def test_outputs_of_datums_that_are_gone_are_gone(world) -> None:
    world.repo("raw")
    world.pipeline("upper", "raw", UPPER)
    world.commit_and_drive("raw", {"a": b"one", "b": b"two"})
    (job,) = world.commit_and_drive("raw", {"a": None})
    assert counts(job) == (1, 0, 1, 0)
    assert world.files("upper") == {"b": b"TWO"}


def test_a_datum_that_comes_back_is_not_run_again(world) -> None:
    world.repo("raw")
    world.pipeline("upper", "raw", UPPER)
    world.commit_and_drive("raw", {"a": b"one"})
    world.commit_and_drive("raw", {"a": b"two"})
    world.called()
    (job,) = world.commit_and_drive("raw", {"a": b"one"})
    assert counts(job) == (1, 0, 1, 0)
    assert world.called() == []
    assert world.files("upper") == {"a": b"ONE"}


def test_provenance_names_inputs_and_pipeline_version(world) -> None:
    world.repo("raw")
    world.pipeline("upper", "raw", UPPER)
    (job,) = world.commit_and_drive("raw", {"a": b"one"})
    source, output = world.head("raw"), world.head("upper")
    assert output.id == job.output
    assert output.provenance.commits == (source.id,)
    assert output.provenance.pipeline == "upper@1"
    assert output.provenance.pipeline_digest is not None
    assert output.run_id == source.run_id == job.run_id
    assert job.inputs == (f"raw@{source.id}",)


def test_an_output_that_does_not_change_makes_no_commit(world) -> None:
    world.repo("raw")
    world.pipeline("upper", "raw", UPPER)
    world.pipeline("joined", "upper", JOIN, glob="/")
    world.commit_and_drive("raw", {"a": b"one"})
    before = world.head("upper"), world.head("joined")
    upper, joined = world.commit_and_drive("raw", {"a": b"ONE"})
    assert counts(upper) == (1, 1, 0, 0)
    assert counts(joined) == (1, 0, 1, 0)
    assert (upper.output, joined.output) == (None, None)
    assert (world.head("upper"), world.head("joined")) == before
    _, joined = world.commit_and_drive("raw", {"b": b"two"})
    assert world.files("joined") == {"all": b"ONETWO"}


def test_a_diamond_runs_once_and_in_order(world) -> None:
    world.repo("raw")
    world.pipeline("left", "raw", UPPER)
    world.pipeline("right", "raw", 'cp "$DATAVC_PFS"/in/* "$DATAVC_PFS/out/"')
    both = {
        "cross": [
            {"pfs": {"repo": "left", "glob": "/"}},
            {"pfs": {"repo": "right", "glob": "/"}},
        ]
    }
    world.pipeline("both", both, 'cat "$left/a" "$right/a" >"$DATAVC_PFS/out/a"')
    for text in (b"one", b"two"):
        ran = world.commit_and_drive("raw", {"a": text})
        assert Counter(job.pipeline for job in ran) == {"left": 1, "right": 1, "both": 1}
        assert world.files("both") == {"a": text.upper() + text}
    with world.db.write() as conn:
        assert outbox.claim(conn, "nobody", 1.0) == []


def test_a_rename_inside_a_folder_is_noticed(world) -> None:
    world.repo("raw")
    names = 'cd "$DATAVC_PFS/in"; find . -type f >"$DATAVC_PFS/out/$(ls)"'
    world.pipeline("names", "raw", names)
    world.commit_and_drive("raw", {"d/a": b"x", "d/b": b"y"})
    (job,) = world.commit_and_drive("raw", {"d/b": None, "d/c": b"y"})
    assert counts(job) == (1, 1, 0, 0)
    assert sorted(world.files("names")["d"].split()) == [b"./d/a", b"./d/c"]


def test_cross_and_union_make_the_datums_they_say(world) -> None:
    world.repo("raw", "sizes")
    world.put("raw", {"a": b"1", "b": b"2"})
    world.put("sizes", {"s": b"3", "t": b"4"})
    raw, sizes = (
        {"pfs": {"name": name, "repo": repo, "glob": "/*"}}
        for name, repo in (("x", "raw"), ("y", "sizes"))
    )
    (job,) = world.pipeline(
        "crossed",
        {"cross": [raw, sizes]},
        'cat "$x" "$y" >"$DATAVC_PFS/out/${x##*/}${y##*/}"',
    )
    assert counts(job) == (4, 4, 0, 0)
    assert world.files("crossed") == {"as": b"13", "at": b"14", "bs": b"23", "bt": b"24"}
    (job,) = world.pipeline(
        "united", {"union": [raw, sizes]}, 'cp "$DATAVC_PFS"/[xy]/* "$DATAVC_PFS/out/"'
    )
    assert counts(job) == (4, 4, 0, 0)
    assert sorted(world.files("united")) == ["a", "b", "s", "t"]


def test_empty_files_have_names_only(world) -> None:
    world.repo("raw")
    world.put("raw", {"a": b"content"})
    pfs = {"pfs": {"name": "in", "repo": "raw", "glob": "/*", "empty_files": True}}
    world.pipeline("names", pfs, 'wc -c <"$DATAVC_PFS/in/a" >"$DATAVC_PFS/out/size"')
    assert world.files("names")["size"].strip() == b"0"


def test_changed_code_runs_again_by_itself_and_equal_code_does_not(world) -> None:
    world.repo("raw")
    world.put("raw", {"a": b"one"})
    world.pipeline("upper", "raw", UPPER)
    world.called()
    (same,) = world.pipeline("upper", "raw", UPPER, update=True, datum_tries=5)
    assert counts(same) == (1, 0, 1, 0)
    assert same.version == 2
    (forced,) = world.pipeline("upper", "raw", UPPER, update=True, reprocess=True)
    assert counts(forced) == (1, 1, 0, 0)
    assert forced.output is None
    (changed,) = world.pipeline("upper", "raw", UPPER + ":", update=True)
    assert counts(changed) == (1, 1, 0, 0)
    assert get_pipeline(world.vs, "upper").version == 4
    assert get_pipeline(world.vs, "upper", 1).digest != get_pipeline(world.vs, "upper").digest


def test_every_job_reprocesses_when_the_spec_says_so(world) -> None:
    world.repo("raw")
    world.put("raw", {"a": b"one"})
    world.pipeline("upper", "raw", UPPER, reprocess_spec="every_job")
    (job,) = world.commit_and_drive("raw", {"b": b"two"})
    assert counts(job) == (2, 2, 0, 0)


def test_a_transform_that_writes_nothing_succeeds(world) -> None:
    world.repo("raw")
    world.pipeline("nothing", "raw", "true")
    world.pipeline("after", "nothing", JOIN, glob="/")
    first, second = world.commit_and_drive("raw", {"a": b"one"})
    assert (first.state, second.state) == (JobState.SUCCESS, JobState.SUCCESS)
    assert first.output is not None
    assert world.files("nothing") == {}
    assert counts(second) == (0, 0, 0, 0)


def test_executable_bits_and_large_outputs_arrive(world) -> None:
    world.repo("raw")
    world.pipeline(
        "big",
        "raw",
        'cd "$DATAVC_PFS/out"; head -c 6000000 /dev/zero >zeros; echo x >r; chmod +x r; : >none',
    )
    world.commit_and_drive("raw", {"a": b"one"})
    assert world.files("big") == {"zeros": bytes(6_000_000), "r": b"x\n", "none": b""}


def test_a_run_that_triggers_nothing_is_over_at_once(world) -> None:
    world.repo("raw")
    run = world.put("raw", {"a": b"one"})
    assert world.drive(run) == []
    assert jobs.look_at_run(world.vs, run) == (True, [])


def test_progress_tells_of_each_job(world) -> None:
    world.repo("raw")
    world.pipeline("upper", "raw", UPPER)
    seen: list[JobInfo] = []
    world.engine.drive(world.put("raw", {"a": b"one"}), 60, seen.append)
    assert seen[0].state is JobState.RUNNING
    assert seen[-1].state is JobState.SUCCESS
    assert counts(seen[-1]) == (1, 1, 0, 0)


def test_variables_tell_the_datum_and_the_commits(world) -> None:
    world.repo("raw")
    names = "in in_COMMIT PACH_JOB_ID PACH_DATUM_ID DATAVC_JOB_ID DATAVC_DATUM_ID DATAVC_RUN_ID"
    script = f'for n in {names}; do eval "echo $n=\\$$n"; done >"$DATAVC_PFS/out/env"'
    world.pipeline("env", "raw", script)
    (job,) = world.commit_and_drive("raw", {"a": b"one"})
    (datum,) = jobs.list_datums(world.vs, job.id)
    values = dict(line.split("=", 1) for line in world.files("env")["env"].decode().splitlines())
    assert values.pop("in").endswith("/in/a")
    assert values == {
        "in_COMMIT": world.head("raw").id,
        "PACH_JOB_ID": job.id,
        "PACH_DATUM_ID": datum.id,
        "DATAVC_JOB_ID": job.id,
        "DATAVC_DATUM_ID": datum.id,
        "DATAVC_RUN_ID": job.run_id,
    }
    assert datum.inputs == ("in:/a",)


def test_an_update_that_changes_no_code_looks_at_no_datum_again(world) -> None:
    world.repo("raw")
    world.pipeline("upper", "raw", UPPER)
    world.commit_and_drive("raw", {"a": b"one", "b": b"two"})
    world.called()
    (job,) = world.pipeline("upper", "raw", UPPER, update=True, description="other words")
    assert counts(job) == (2, 0, 2, 0)
    (job,) = world.commit_and_drive("raw", {"a": None, "c": b"three"})
    assert counts(job) == (2, 1, 1, 0)
    (job,) = world.pipeline("upper", "raw", UPPER, update=True, glob="/")
    assert counts(job) == (1, 1, 0, 0)
    (job,) = world.pipeline("upper", "raw", UPPER, update=True, glob="/", reprocess=True)
    assert counts(job) == (1, 1, 0, 0)
    assert world.files("upper") == {"b": b"TWO", "c": b"THREE"}
