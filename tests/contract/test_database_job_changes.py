"""Following the changes of jobs: each is told, once, whatever order transactions end in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from datavc.db import job_changes, job_claims, job_events
from datavc.db.job_changes import ChangePlace, JobChoice
from datavc.db.session import Database
from datavc.errors import InvalidInput
from datavc.model.job import JobState
from tests.contract.test_database_jobs import claim, end, make_job, make_pipeline

EVERY = JobChoice()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'datavc.db'}"
    else:
        url = request.getfixturevalue("postgres_url")
    database = Database.open(url)
    yield database
    database.close()


def now(database: Database) -> ChangePlace:
    with database.read() as conn:
        return job_changes.newest(conn)


def changed(
    database: Database, place: ChangePlace, choice: JobChoice = EVERY, limit: int = 100
) -> tuple[list[tuple[str, JobState]], ChangePlace]:
    """What has changed since, and the place behind it, by way of its text."""
    with database.read() as conn:
        found, place = job_changes.list_changed(conn, place, choice, limit=limit)
    places = [ChangePlace.parse(str(one)) for one, _ in found]
    assert places == [one for one, _ in found]
    return [(job.id[0], job.state) for _, job in found], ChangePlace.parse(str(place))


def test_each_job_is_told_at_its_last_change(database: Database) -> None:
    pipeline = make_pipeline(database)
    place = now(database)
    for job in "abc":
        make_job(database, pipeline, job)
    assert claim(database) == "a" * 32
    found, place = changed(database, place)
    assert found == [("b", JobState.WAITING), ("c", JobState.WAITING), ("a", JobState.RUNNING)]
    assert changed(database, place)[0] == []
    end(database, "a" * 32)
    found, place = changed(database, place)
    assert found == [("a", JobState.FAILURE)]
    assert changed(database, place)[0] == []


def test_it_goes_on_behind_any_of_them(database: Database) -> None:
    pipeline = make_pipeline(database)
    begin = place = now(database)
    for job in "abcde":
        make_job(database, pipeline, job)
    seen: list[str] = []
    while found := changed(database, place, limit=2):
        told, place = found
        if not told:
            break
        seen += [job for job, _ in told]
    assert seen == list("abcde")
    with database.read() as conn:
        found_all, _ = job_changes.list_changed(conn, begin, EVERY, limit=100)
    for number, (behind, _) in enumerate(found_all):
        assert [job for job, _ in changed(database, behind)[0]] == list("abcde")[number + 1 :]


def test_only_what_people_see_is_a_change(database: Database) -> None:
    pipeline = make_pipeline(database)
    job = make_job(database, pipeline, "a")
    assert claim(database) == job
    place = now(database)
    with database.write() as conn:
        assert job_claims.heartbeat(conn, job, "e1", 10)
        job_events.add(conn, job, "a line", time_us=1)
    assert changed(database, place)[0] == []
    with contextlib.suppress(RuntimeError), database.write() as conn:
        assert job_claims.transition(conn, job, None, JobState.KILLED)
        raise RuntimeError
    assert changed(database, place)[0] == []


def test_of_one_pipeline_or_run(database: Database) -> None:
    one, other = make_pipeline(database), make_pipeline(database, "other")
    place = now(database)
    make_job(database, one, "a")
    make_job(database, other, "b", run_id="b" * 32)
    assert changed(database, place, JobChoice(pipeline_id=other))[0] == [("b", JobState.WAITING)]
    found, behind = changed(database, place, JobChoice(run_id="a" * 32))
    assert found == [("a", JobState.WAITING)]
    assert changed(database, behind, JobChoice(run_id="a" * 32))[0] == []


def test_jobs_as_they_are_and_their_changes_leave_nothing_out(database: Database) -> None:
    pipeline = make_pipeline(database)
    for job in "abcd":
        make_job(database, pipeline, job)
    assert claim(database) == "a" * 32
    end(database, "a" * 32)
    place = now(database)
    with database.read() as conn:
        first, last = job_changes.list_as_they_are(conn, place, EVERY, after="", limit=2)
    assert [job.id[0] for job in first] == ["b", "c"]
    assert last is not None
    # What changes before it was told is told by its change alone.
    assert claim(database) == "b" * 32
    end(database, "b" * 32)
    with database.write() as conn:
        assert job_claims.explain(conn, "d" * 32, "no host is free")
    with database.read() as conn:
        rest, end_of_all = job_changes.list_as_they_are(conn, place, EVERY, after=last, limit=2)
    assert (rest, end_of_all) == ([], None)
    assert changed(database, place)[0] == [("b", JobState.FAILURE), ("d", JobState.WAITING)]


def test_a_deleted_job_is_told_no_more(database: Database) -> None:
    pipeline = make_pipeline(database)
    place = now(database)
    job = make_job(database, pipeline, "a")
    with database.write() as conn:
        conn.exec_driver_sql(f"DELETE FROM jobs WHERE id = '{job}'")
    assert changed(database, place)[0] == []


def test_a_place_of_another_database(database: Database) -> None:
    pipeline = make_pipeline(database)
    make_job(database, pipeline, "a")
    with database.read() as conn:
        assert job_changes.is_to_come(conn, ChangePlace(2**59, 2**59))
        assert not job_changes.is_to_come(conn, job_changes.newest(conn))
        assert not job_changes.is_to_come(conn, ChangePlace())
    for wrong in ("", "1", "1.", "a.b", "1.2.", "1.2.x", "1.2.3-", "1" * 40 + ".1", "-1.2"):
        with pytest.raises(InvalidInput):
            ChangePlace.parse(wrong)


@pytest.mark.postgres
def test_a_transaction_that_ends_after_later_ones_is_not_lost(postgres_url: str) -> None:
    database = Database.open(postgres_url)
    with contextlib.closing(database):
        pipeline, other = make_pipeline(database), make_pipeline(database, "other")
        make_job(database, pipeline, "a")
        place = now(database)
        with database.write() as slow:
            # Its number is given out before that of the next ones.
            assert job_claims.explain(slow, "a" * 32, "it is early")
            make_job(database, other, "b")
            found, place = changed(database, place)
            assert found == [("b", JobState.WAITING)]
            assert changed(database, place)[0] == []
            make_job(database, other, "c")
            found, place = changed(database, place)
            assert found == [("c", JobState.WAITING)]
            beside = now(database)
        found, place = changed(database, place)
        assert found == [("a", JobState.WAITING)]
        assert changed(database, place)[0] == []
        assert place.ahead == frozenset()
        # Who began beside it is told of it as well, and of nothing else.
        assert changed(database, beside)[0] == [("a", JobState.WAITING)]


@pytest.mark.postgres
def test_only_so_much_is_told_beside_one_that_does_not_end(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_changes, "_MOST_AHEAD", 2)
    database = Database.open(postgres_url)
    with contextlib.closing(database):
        pipeline = make_pipeline(database)
        place = now(database)
        with database.write() as slow:
            slow.exec_driver_sql("SELECT pg_current_xact_id()")
            for job in "abcd":
                make_job(database, pipeline, job)
            found, place = changed(database, place)
            assert [job for job, _ in found] == ["a", "b"]
            assert changed(database, place)[0] == []
        assert [job for job, _ in changed(database, place)[0]] == ["c", "d"]


@pytest.mark.postgres
def test_progress_wakes_those_who_watch_and_no_engines(postgres_url: str) -> None:
    database = Database.open(postgres_url)
    with contextlib.closing(database):
        job = make_job(database, make_pipeline(database), "a")
        assert claim(database) == job
        with (
            contextlib.closing(database.news()) as engine,
            contextlib.closing(database.news(progress=True)) as watcher,
        ):
            with database.write() as conn:
                job_events.add(conn, job, "a line", time_us=1)
            assert watcher.wait(60)
            with database.write() as conn:
                assert job_claims.record(
                    conn, job, "e1", job_claims.JobFacts(reason="as people see it")
                )
            assert watcher.wait(60)
            assert not engine.wait(0.2)
