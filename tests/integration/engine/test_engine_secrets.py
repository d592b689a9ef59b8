"""Secrets, from the database to the transform, and to nowhere else."""

import pytest

from datavc.engine import jobs
from datavc.engine.logs import read_logs
from datavc.engine.pipelines import create_pipeline, delete_pipeline, get_pipeline
from datavc.engine.secrets import create_secret, delete_secret, list_secrets
from datavc.errors import AlreadyExists, Conflict, NotFound
from datavc.model.job import JobInfo, JobState
from datavc.model.log_query import LogQuery

VALUE = b"correct-horse-battery"


def spec(script: str, *secrets: object, image: str = "") -> dict[str, object]:
    return {
        "pipeline": {"name": "load"},
        "transform": {"image": image, "cmd": ["sh", "-euc", script], "secrets": list(secrets)},
        "input": {"pfs": {"name": "in", "repo": "raw", "glob": "/*"}},
        "datum_tries": 1,
    }


VARIABLE = {"name": "db", "key": "password", "env_var": "PASSWORD"}
USE = 'test ${#PASSWORD} = 21; echo ok >"$DATAVC_PFS/out/${in##*/}"'


def create(world, *args: object, **fields: object) -> list[JobInfo]:
    info = create_pipeline(world.vs, spec(*args, **fields), "ann", update=True)  # type: ignore[arg-type]
    if info.last_job is None:
        return []
    return world.drive(jobs.get_job(world.vs, info.last_job).run_id)


def test_a_transform_has_it_and_nothing_that_is_kept_does(world) -> None:
    world.repo("raw")
    create_secret(world.vs, "db", {"password": VALUE}, "ann")
    create(world, USE, VARIABLE)
    (job,) = world.commit_and_drive("raw", {"a": b"1"})
    assert job.state is JobState.SUCCESS
    assert VALUE.decode() not in repr(
        (
            get_pipeline(world.vs, "load"),
            list_secrets(world.vs),
            list(read_logs(world.vs, LogQuery(job.id))),
        )
    )
    world.close()
    kept = [path for path in world.home.rglob("*") if path.is_file() and path.name != "secret.key"]
    assert kept
    assert not [path for path in kept if VALUE in path.read_bytes()]


def test_a_new_value_is_used_and_recomputes_nothing(world) -> None:
    world.repo("raw")
    create_secret(world.vs, "db", {"password": b"old"}, "ann")
    create(world, USE, VARIABLE)
    (job,) = world.commit_and_drive("raw", {"a": b"1"})
    assert job.state is JobState.FAILURE
    with pytest.raises(AlreadyExists):
        create_secret(world.vs, "db", {"password": VALUE}, "ann")
    create_secret(world.vs, "db", {"password": VALUE}, "ann", update=True)
    (job,) = world.commit_and_drive("raw", {"b": b"1"})
    assert (job.state, job.datums_processed) == (JobState.SUCCESS, 2)
    create_secret(world.vs, "db", {"password": b"newest"}, "ann", update=True)
    (job,) = create(world, USE, VARIABLE)
    assert (job.state, job.datums_processed, job.datums_skipped) == (JobState.SUCCESS, 0, 2)


def test_a_pipeline_needs_its_secrets_and_keeps_them(world) -> None:
    world.repo("raw")
    with pytest.raises(NotFound, match="secret 'db' does not exist"):
        create(world, USE, VARIABLE)
    create_secret(world.vs, "db", {"user": b"x"}, "ann")
    with pytest.raises(NotFound, match="secret 'db' has no value 'password'"):
        create(world, USE, VARIABLE)
    create_secret(world.vs, "db", {"password": VALUE}, "ann", update=True)
    create(world, USE, VARIABLE)
    with pytest.raises(Conflict, match="is used by pipeline load"):
        delete_secret(world.vs, "db")
    delete_secret(world.vs, "db", force=True)
    (job,) = world.commit_and_drive("raw", {"a": b"1"})
    assert (job.state, "secret 'db' does not exist" in job.reason) == (JobState.FAILURE, True)
    delete_pipeline(world.vs, "load", "ann")
    with pytest.raises(NotFound):
        delete_secret(world.vs, "db")


def test_bytes_are_no_variable_and_files_need_containers(world) -> None:
    world.repo("raw")
    create_secret(world.vs, "db", {"password": b"\xff\x00"}, "ann")
    create(world, USE, VARIABLE)
    (job,) = world.commit_and_drive("raw", {"a": b"1"})
    assert "the value 'password' of secret 'db' is no text" in job.reason
    (job,) = create(world, USE, {"name": "db", "mount_path": "/run/db"})
    assert "wants a secret as files, which needs containers" in job.reason


@pytest.mark.docker
def test_a_container_has_variables_and_files(make_world, docker_image: str) -> None:
    world = make_world(executor="docker")
    world.repo("raw")
    create_secret(world.vs, "db", {"password": VALUE, "user": b"ann"}, "ann")
    script = (
        f'{USE}; test "$(cat /run/db/password)" = "$PASSWORD"; test "$(cat /run/db/user)" = ann; '
        'test "$(ls /run/one)" = user; ! echo x 2>/dev/null >/run/db/user'
    )
    folder = {"name": "db", "mount_path": "/run/db"}
    one = {"name": "db", "key": "user", "mount_path": "/run/one"}
    create(world, script, VARIABLE, folder, one, image=docker_image)
    (job,) = world.commit_and_drive("raw", {"a": b"1", "b": b"2"})
    assert job.state is JobState.SUCCESS, job.reason
