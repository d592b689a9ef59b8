"""What users of Pachyderm have suffered from, one test for each: none of it happens here."""

import tracemalloc
from collections.abc import Sequence
from typing import Any

import pytest

from datavc.db import datums
from datavc.engine import jobs
from datavc.engine.datum_inputs import InputFolder
from datavc.engine.logs import read_logs
from datavc.engine.pipelines import create_pipeline
from datavc.model.datum import DatumMaker
from datavc.model.job import DatumState, JobState
from datavc.model.log_query import LogQuery
from datavc.versioning.nodes import NodeStore

#: Copies what a datum sees, and leaves a file in ``$CALLS`` for each.
COPY = 'for f in "$DATAVC_PFS"/in/*; do : >"$CALLS/${f##*/}"; cp -r "$f" "$DATAVC_PFS/out/"; done'
FAIL_ON_BAD = f'case "$in" in */bad*) exit 3;; esac; {COPY}'

#: Printable or not in ASCII, special to globs, shells, or both.
ODD_NAMES = (
    "two words", " at both ends ", "grüße", "日本語", "🐟🐠", "e\u0301", "*", "?", "[ab]", "{a,b}",
    "(x)", "a*b?c[d]{e}", "!@+^#%&=~", "$HOME", "`id`", "$(id)", "'one' \"two\"", "back\\slash",
    "-rf", "a;b|c", "~", "per%20cent", "a\ttab", "two\nlines",
)  # fmt: skip


def recovering(world, script: str, err_script: str, **fields: object) -> None:
    spec: dict[str, object] = {
        "pipeline": {"name": "copy"},
        "transform": {
            "cmd": ["sh", "-euc", script],
            "err_cmd": ["sh", "-euc", err_script],
            "env": {"CALLS": str(world.calls)},
        },
        "input": {"pfs": {"name": "in", "repo": "raw", "glob": "/*"}},
        **fields,
    }
    create_pipeline(world.vs, spec, "tester")


def texts(world, job: str) -> list[str]:
    return [line.text for line in read_logs(world.vs, LogQuery(job))]


def test_a_rename_inside_a_folder_datum_is_noticed(world) -> None:
    """Its hash of a folder left out the names in it."""
    world.repo("raw")
    world.pipeline("copy", "raw", COPY)
    world.commit_and_drive("raw", {"d/a": b"1", "d/b": b"2"})
    (job,) = world.commit_and_drive("raw", {"d/b": None, "d/c": b"2"})
    assert (job.state, job.datums_processed) == (JobState.SUCCESS, 1)
    assert world.files("copy") == {"d/a": b"1", "d/c": b"2"}


def test_good_datums_of_a_failed_job_are_not_run_again(world) -> None:
    """A failed job was never what the next one built upon."""
    world.repo("raw")
    world.pipeline("copy", "raw", FAIL_ON_BAD, datum_tries=1, parallelism_spec={"constant": 1})
    (failed,) = world.commit_and_drive("raw", {"a": b"1", "b": b"2", "bad": b"x", "c": b"3"})
    assert failed.state is JobState.FAILURE
    done = world.called()
    assert done
    (job,) = world.commit_and_drive("raw", {"bad": None})
    assert job.state is JobState.SUCCESS
    assert sorted([*done, *world.called()]) == ["a", "b", "c"]


def test_changed_code_is_reprocessed_whole_and_output_is_never_mixed(world) -> None:
    """An update without ``--reprocess`` left old outputs of old code beside new ones."""
    world.repo("raw")
    world.commit_and_drive("raw", {"a": b"1", "b": b"2"})
    world.pipeline("tag", "raw", 'echo one >"$DATAVC_PFS/out/${in##*/}"')
    (job,) = world.pipeline("tag", "raw", 'echo two >"$DATAVC_PFS/out/${in##*/}"', update=True)
    assert (job.datums_processed, job.datums_skipped) == (2, 0)
    world.commit_and_drive("raw", {"c": b"3"})
    assert set(world.files("tag").values()) == {b"two\n"}


def test_err_cmd_runs_after_the_last_try_only(world) -> None:
    """It ran after every failed try."""
    world.repo("raw")
    recovering(
        world,
        'n=$(ls "$CALLS" | wc -l); : >"$CALLS/$n-try"; exit 1',
        'n=$(ls "$CALLS" | wc -l); : >"$CALLS/$n-err"',
        datum_tries=3,
    )
    (job,) = world.commit_and_drive("raw", {"a": b"1"})
    assert (job.state, job.datums_recovered) == (JobState.SUCCESS, 1)
    assert world.called() == ["0-try", "1-try", "2-try", "3-err"]


def test_err_cmd_has_its_own_time(world) -> None:
    """After a time-out it was given what was left of the datum's time: nothing."""
    world.repo("raw")
    err_script = 'sleep 0.2; : >"$CALLS/err"'
    recovering(world, "sleep 60", err_script, datum_tries=1, datum_timeout="1s")
    (job,) = world.commit_and_drive("raw", {"a": b"1"})
    assert (job.state, job.datums_recovered) == (JobState.SUCCESS, 1)
    assert world.called() == ["err"]


def test_a_datum_that_succeeds_at_last_is_not_called_recovered(world) -> None:
    """A datum stayed RECOVERED though a later try had succeeded."""
    world.repo("raw")
    flaky = f'[ -e "$CALLS/once" ] || {{ : >"$CALLS/once"; exit 1; }}; {COPY}'
    recovering(world, flaky, "true")
    (job,) = world.commit_and_drive("raw", {"a": b"1"})
    (datum,) = jobs.list_datums(world.vs, job.id)
    assert (job.datums_processed, datum.state) == (1, DatumState.SUCCESS)
    assert world.files("copy") == {"a": b"1"}


def test_what_was_recovered_is_tried_again_by_the_next_job(world) -> None:
    """A recovered datum was skipped for ever."""
    world.repo("raw")
    fixed = f'case "$in" in */bad*) [ -e "$CALLS/fixed" ];; esac; {COPY}'
    recovering(world, fixed, "true", datum_tries=1)
    (job,) = world.commit_and_drive("raw", {"a": b"1", "bad": b"x"})
    assert (job.state, job.datums_recovered) == (JobState.SUCCESS, 1)
    (world.calls / "fixed").touch()
    (job,) = world.commit_and_drive("raw", {"b": b"2"})
    assert (job.datums_processed, job.datums_skipped, job.datums_recovered) == (2, 1, 0)
    assert sorted(world.files("copy")) == ["a", "b", "bad"]


@pytest.mark.docker
def test_running_out_of_memory_is_not_retried_for_ever(make_world, docker_image: str) -> None:
    """A datum that the kernel killed for want of memory was run again and again."""
    world = make_world(executor="docker")
    world.repo("raw")
    spec: dict[str, object] = {
        "pipeline": {"name": "greedy"},
        "transform": {"image": docker_image, "cmd": ["tail", "/dev/zero"]},
        "input": {"pfs": {"name": "in", "repo": "raw", "glob": "/*"}},
        "resource_limits": {"memory": "16Mi"},
        "datum_tries": 5,
    }
    create_pipeline(world.vs, spec, "tester")
    (job,) = world.commit_and_drive("raw", {"a": b"1"})
    assert job.state is JobState.FAILURE
    assert "ran out of memory: its limit is 16 MiB" in job.reason
    assert not [text for text in texts(world, job.id) if text.startswith("try ")]


def test_a_name_may_have_any_character(world) -> None:
    """Paths had to be printable ASCII without ``*?[]{}!()@+^``."""
    world.repo("raw")
    world.pipeline("copy", "raw", 'cp "$in" "$DATAVC_PFS/out/"')
    files = {name: name.encode() for name in ODD_NAMES}
    (job,) = world.commit_and_drive("raw", files)
    assert (job.state, job.datums_processed) == (JobState.SUCCESS, len(ODD_NAMES)), job.reason
    assert world.files("copy") == files


@pytest.mark.docker
def test_a_name_may_have_any_character_in_containers_too(make_world, docker_image: str) -> None:
    world = make_world(executor="docker")
    world.repo("raw")
    spec: dict[str, object] = {
        "pipeline": {"name": "copy"},
        "transform": {"image": docker_image, "cmd": ["sh", "-c", 'cp "$in" /pfs/out/']},
        "input": {"pfs": {"name": "in", "repo": "raw", "glob": "/*"}},
    }
    create_pipeline(world.vs, spec, "tester")
    files = {name: name.encode() for name in ODD_NAMES}
    (job,) = world.commit_and_drive("raw", files)
    assert job.state is JobState.SUCCESS, job.reason
    assert world.files("copy") == files


def test_a_slow_datum_holds_up_no_other(world) -> None:
    """Datums were dealt out in batches beforehand, and those behind a slow one waited for it."""
    world.repo("raw")
    others = 20
    wait = f'while [ "$(ls "$CALLS" | wc -l)" -lt {others} ]; do sleep 0.02; done'
    script = f'case "$in" in */slow) {wait};; *) : >"$CALLS/${{in##*/}}";; esac'
    world.pipeline("uneven", "raw", script, datum_timeout="50s", parallelism_spec={"constant": 2})
    files = {f"x{number}": b"1" for number in range(others)}
    (job,) = world.commit_and_drive("raw", {"slow": b"1", **files})
    assert (job.state, job.datums_processed) == (JobState.SUCCESS, others + 1)


def test_overwriting_with_the_same_size_fires_a_size_trigger(world) -> None:
    """A size trigger looked at growth: new data of the old size never fired it."""
    world.repo("raw")
    node = {"pfs": {"name": "in", "repo": "raw", "glob": "/*", "trigger": {"size": "1k"}}}
    world.pipeline("copy", node, 'cp "$in" "$DATAVC_PFS/out/"')
    assert len(world.commit_and_drive("raw", {"a": b"1" * 2000})) == 1
    (job,) = world.commit_and_drive("raw", {"a": b"2" * 2000})
    assert job.state is JobState.SUCCESS
    assert world.files("copy") == {"a": b"2" * 2000}


def test_a_duplicate_path_is_said_when_the_second_datum_ends(world) -> None:
    """It was said when the whole job was done, after all the work."""
    world.repo("raw")
    script = 'case "$in" in */a|*/b) cp "$in" "$DATAVC_PFS/out/same";; *) sleep 1000;; esac'
    world.pipeline("same", "raw", script, parallelism_spec={"constant": 1})
    (job,) = world.commit_and_drive("raw", dict.fromkeys("abcdef", b"1"))
    assert job.state is JobState.FAILURE
    assert "(in:/a)" in job.reason
    assert "(in:/b) both wrote /same" in job.reason
    assert job.datums_processed == 2


def test_a_job_that_wrote_nothing_new_starts_nothing(world) -> None:
    """Pipelines far downstream ran for an hour to skip all they had."""
    world.repo("raw")
    world.pipeline("upper", "raw", 'tr a-z A-Z <"$in" >"$DATAVC_PFS/out/${in##*/}"')
    world.pipeline("after", "upper", COPY)
    world.commit_and_drive("raw", {"a": b"x"})
    world.called()
    before = world.head("after")
    upper, after = world.commit_and_drive("raw", {"a": b"X"})
    assert (upper.datums_processed, upper.output) == (1, None)
    assert (after.state, after.datums_processed, after.output) == (JobState.SUCCESS, 0, None)
    assert world.called() == []
    assert world.head("after") == before


def counting(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> list[Sequence[Any]]:
    """The arguments of every call of a function from now on."""
    calls: list[Sequence[Any]] = []
    real = getattr(owner, name)

    def counted(*arguments: Any, **named: Any) -> Any:
        calls.append(arguments)
        return real(*arguments, **named)

    monkeypatch.setattr(owner, name, counted)
    return calls


def test_a_datum_of_many_files_begins_without_a_look_at_them(world, monkeypatch) -> None:
    """A glob of ``/`` over 200,000 files took minutes before anything ran."""
    world.repo("raw")
    world.pipeline("all", "raw", 'ls "$in" | wc -l >"$DATAVC_PFS/out/count"', glob="/")
    run = world.put("raw", {f"f{number:05}": b"1" for number in range(5_000)})
    loads = counting(monkeypatch, NodeStore, "load")
    before_files: list[int] = []
    fill = InputFolder.fill

    def noting(self: InputFolder, datum: Any) -> int:
        before_files.append(len(loads))
        return fill(self, datum)

    monkeypatch.setattr(InputFolder, "fill", noting)
    (job,) = world.drive(run)
    assert (job.state, job.datums_processed) == (JobState.SUCCESS, 1)
    assert world.files("all") == {"count": b"5000\n"}
    assert before_files[0] <= 2
    # Placing them reads the tree once.
    assert len({call[1] for call in loads}) > 10


def test_unchanged_datums_cost_nothing(world, monkeypatch) -> None:
    """To skip 100,000 datums took longer than to run some."""
    count = 300
    world.repo("raw")
    world.pipeline("copy", "raw", "true")
    world.commit_and_drive("raw", {f"f{number:05}": b"1" for number in range(count)})
    made = counting(monkeypatch, DatumMaker, "datum")
    asked = counting(monkeypatch, datums, "get_many")
    (job,) = world.commit_and_drive("raw", {"f00000": b"2"})
    assert (job.datums_processed, job.datums_skipped) == (1, count - 1)
    # That of the file as it was, and that of the file as it is.
    assert len(made) == 2
    assert [len(call[2]) for call in asked] == [1]


def test_memory_does_not_grow_with_logs_or_files(make_world) -> None:
    """Workers were killed since all that was printed, or read, was held in memory."""
    sizes = 48 << 20, 128 << 20
    # Some of a file is on its way at any time: of the smaller one already as much as ever.
    little, much = (_peak(make_world(log_limit=1 << 18), size) for size in sizes)
    assert much < little + (16 << 20)


def _peak(world: Any, size: int) -> int:
    """Most bytes held while a datum reads, prints and writes *size* of them each."""
    world.repo("raw")
    world.pipeline("copy", "raw", 'cat "$in"; cp "$in" "$DATAVC_PFS/out/"')
    run = world.put("raw", {"large": bytes(range(256)) * (size // 256)})
    tracemalloc.start()
    try:
        (job,) = world.drive(run)
        assert job.state is JobState.SUCCESS
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
