"""Creating, updating and deleting pipelines."""

import pytest

from datavc.engine import jobs
from datavc.engine.pipelines import (
    create_pipeline,
    delete_pipeline,
    get_pipeline,
    list_pipelines,
)  # fmt: skip
from datavc.errors import AlreadyExists, Conflict, InvalidInput, InvalidSpec, NotFound
from datavc.model.job import JobState
from datavc.versioning.repos import get_repo, list_repos

COPY = 'cp "$DATAVC_PFS"/in/* "$DATAVC_PFS/out/"'


def test_a_pipeline_owns_an_output_repo_of_its_name(world) -> None:
    world.repo("raw")
    assert world.pipeline("copy", "raw", COPY) == []
    assert get_repo(world.vs, "copy").pipeline == "copy"
    assert get_repo(world.vs, "raw").pipeline is None
    info = get_pipeline(world.vs, "copy")
    assert (info.name, info.version, info.state, info.last_job) == ("copy", 1, "running", None)
    assert [pipeline.name for pipeline in list_pipelines(world.vs)] == ["copy"]


def test_people_may_not_commit_to_an_output_repo(world) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", COPY)
    with pytest.raises(Conflict, match="written by pipeline 'copy'"):
        world.put("copy", {"a": b"x"})


def test_its_first_job_runs_over_the_heads(world) -> None:
    world.repo("raw")
    world.put("raw", {"a": b"one"})
    (job,) = world.pipeline("copy", "raw", COPY)
    assert job.state is JobState.SUCCESS
    info = get_pipeline(world.vs, "copy")
    assert (info.last_job, info.last_job_state) == (job.id, JobState.SUCCESS)


def test_a_pipeline_needs_its_input_repos(world) -> None:
    with pytest.raises(NotFound, match="repo 'raw', an input of pipeline 'copy', does not exist"):
        world.pipeline("copy", "raw", COPY)
    assert list_repos(world.vs) == []


def test_its_name_must_be_free(world) -> None:
    world.repo("raw", "taken")
    with pytest.raises(AlreadyExists, match="repo 'taken' exists already"):
        world.pipeline("taken", "raw", COPY)
    world.pipeline("copy", "raw", COPY)
    with pytest.raises(AlreadyExists, match="pipeline 'copy' exists already"):
        world.pipeline("copy", "raw", COPY)


def test_a_cycle_is_refused(world) -> None:
    world.repo("raw")
    world.pipeline("a", "raw", COPY)
    world.pipeline("b", "a", COPY)
    world.pipeline("c", "b", COPY)
    with pytest.raises(InvalidSpec, match="'a' would feed itself: a <- c <- b <- a"):
        world.pipeline("a", "c", COPY, update=True)
    assert get_pipeline(world.vs, "a").version == 1


def test_an_update_of_what_is_not_there_creates_it(world) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", COPY, update=True)
    assert get_pipeline(world.vs, "copy").version == 1


def test_an_update_runs_what_is_downstream_in_the_same_run(world) -> None:
    world.repo("raw")
    world.put("raw", {"a": b"one"})
    world.pipeline("copy", "raw", COPY)
    world.pipeline("after", "copy", COPY)
    ran = world.pipeline("copy", "raw", 'tr a-z A-Z <"$in" >"$DATAVC_PFS/out/a"', update=True)
    assert [job.pipeline for job in ran] == ["copy", "after"]
    assert world.files("after") == {"a": b"ONE"}


def test_updating_a_whole_chain_at_once_runs_the_new_code_of_all(world) -> None:
    world.repo("raw")
    world.put("raw", {"a": b"one"})
    world.pipeline("copy", "raw", COPY)
    world.pipeline("after", "copy", COPY)
    for name, source in (("copy", "raw"), ("after", "copy")):
        script = f'(cat "$in"; printf " {name}") >"$DATAVC_PFS/out/a"'
        create_pipeline(world.vs, spec_of(name, source, script), "tester", update=True)
    newest = jobs.list_jobs(world.vs, "copy")[0]
    ran = world.drive(newest.run_id)
    assert [(job.pipeline, job.version, job.state.value) for job in ran] == [
        ("copy", 2, "success"),
        ("after", 2, "success"),
    ]
    assert world.files("after") == {"a": b"one copy after"}


def spec_of(name: str, source: str, script: str) -> dict[str, object]:
    return {
        "pipeline": {"name": name},
        "transform": {"cmd": ["sh", "-euc", script]},
        "input": {"pfs": {"name": "in", "repo": source, "glob": "/*"}},
    }


def test_deleting_takes_the_output_repo_along(world) -> None:
    world.repo("raw")
    world.put("raw", {"a": b"one"})
    world.pipeline("copy", "raw", COPY)
    world.pipeline("after", "copy", COPY)
    with pytest.raises(Conflict, match="'copy' is read by after"):
        delete_pipeline(world.vs, "copy", "tester")
    delete_pipeline(world.vs, "copy", "tester", force=True)
    assert [repo.name for repo in list_repos(world.vs)] == ["after", "raw"]
    with pytest.raises(NotFound, match="pipeline 'copy' does not exist"):
        delete_pipeline(world.vs, "copy", "tester")
    assert world.commit_and_drive("raw", {"b": b"two"}) == []


def test_what_is_asked_for_by_a_wrong_name_is_not_found(world) -> None:
    with pytest.raises(NotFound, match="pipeline 'none' does not exist"):
        get_pipeline(world.vs, "none")
    with pytest.raises(NotFound, match="pipeline 'none' does not exist"):
        jobs.list_jobs(world.vs, "none")
    with pytest.raises(NotFound, match="job 'abcd' does not exist"):
        jobs.get_job(world.vs, "abcd")
    with pytest.raises(InvalidInput, match="is not an id"):
        jobs.get_job(world.vs, "xyz!")


def test_a_job_is_found_by_a_prefix(world) -> None:
    world.repo("raw")
    world.put("raw", {"a": b"one"})
    (job,) = world.pipeline("copy", "raw", COPY)
    assert jobs.get_job(world.vs, job.id[:20]).id == job.id
    assert [found.id for found in jobs.list_jobs(world.vs, run_id=job.run_id[:20])] == [job.id]


def test_a_bad_spec_leaves_nothing(world) -> None:
    world.repo("raw")
    with pytest.raises(InvalidSpec):
        create_pipeline(world.vs, {"pipeline": {"name": "x"}}, "tester")
    assert [repo.name for repo in list_repos(world.vs)] == ["raw"]
