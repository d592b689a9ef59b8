"""Pipelines, jobs and datums: the same on both databases."""

from __future__ import annotations

from itertools import product

import pytest

from datavc.db import datums, job_claims, job_datums, job_events, jobs, outbox, pipelines
from datavc.db.job_claims import JobFacts
from datavc.db.jobs import DatumCounts, JobInput, JobRow
from datavc.db.pipelines import InputBranch, NewVersion
from datavc.db.session import Database
from datavc.errors import AlreadyExists, LostRace, NotFound
from datavc.model.change_set import StagedRecord
from datavc.model.commit import TreeRef
from datavc.model.entry import ChunkRef, Location
from datavc.model.ids import digest_of
from datavc.model.job import TRANSITIONS, DatumInfo, DatumState, JobState, LogLine

SECOND = 1_000_000


def version_of(*inputs: tuple[str, str], output: str = "out", number: int = 1) -> NewVersion:
    return NewVersion(
        spec={"pipeline": {"name": "p"}, "number": number},
        digest=f"{number:064x}",
        inputs=[InputBranch(f"in{n}", repo, branch) for n, (repo, branch) in enumerate(inputs)],
        output_repo=output,
        output_branch="main",
        author="ann",
        created_us=number,
    )


def make_pipeline(database: Database, name: str = "train") -> int:
    with database.write() as conn:
        return pipelines.create(conn, name, version_of(("raw", "main"), output=name))


def make_job(
    database: Database,
    pipeline_id: int,
    job_id: str,
    *,
    upstream: tuple[str, ...] = (),
    run_id: str = "a" * 32,
) -> str:
    """A waiting job; *job_id* is one letter or digit, and the time of its creation."""
    with database.write() as conn:
        jobs.create(
            conn,
            job_id * 32,
            pipeline_id=pipeline_id,
            version=1,
            run_id=run_id,
            inputs=[JobInput("raw", "raw", "main", "c" * 64), JobInput("up", "u", "main", None)],
            upstream=[other * 32 for other in upstream],
            time_us=int(job_id, 36),
        )
    return job_id * 32


def get_job(database: Database, job_id: str) -> JobRow:
    with database.read() as conn:
        job = jobs.find(conn, job_id)
    assert job is not None
    return job


def claim(database: Database, owner: str = "e1", at_us: int = 0) -> str | None:
    with database.write() as conn:
        job = job_claims.claim(conn, owner, 10, at_us=at_us)
    return job.id if job else None


def end(database: Database, job_id: str, state: JobState = JobState.FAILURE) -> None:
    with database.write() as conn:
        assert job_claims.transition(conn, job_id, None, state)


# pipelines


def test_a_pipeline_keeps_all_its_versions(database: Database) -> None:
    first, second = version_of(("raw", "main")), version_of(("raw", "dev"), number=2)
    with database.write() as conn:
        pipeline_id = pipelines.create(conn, "train", first)
        with pytest.raises(AlreadyExists, match="'train'"):
            pipelines.create(conn, "train", first)
        assert pipelines.add_version(conn, pipeline_id, 1, second) == 2
        with pytest.raises(LostRace):
            pipelines.add_version(conn, pipeline_id, 1, second)
    with database.read() as conn:
        now, before = pipelines.find(conn, "train"), pipelines.find(conn, "train", 1)
        assert now is not None
        assert before is not None
        assert (now.version, now.spec, now.inputs) == (2, second.spec, tuple(second.inputs))
        assert (before.version, before.digest, before.inputs) == (
            1,
            first.digest,
            tuple(first.inputs),
        )
        assert pipelines.find_by_id(conn, pipeline_id, 1) == before
        assert pipelines.find(conn, "train", 3) is None
        assert pipelines.find(conn, "other") is None
        assert pipelines.list_pipelines(conn) == [now]
        assert pipelines.list_pipelines(conn, after="train") == []


def test_triggers_find_running_pipelines_by_their_current_inputs(database: Database) -> None:
    with database.write() as conn:
        both = pipelines.create(conn, "both", version_of(("raw", "main"), ("raw", "main")))
        moved = pipelines.create(conn, "moved", version_of(("raw", "main")))
        pipelines.add_version(conn, moved, 1, version_of(("raw", "dev"), number=2))
        stopped = pipelines.create(conn, "stopped", version_of(("raw", "main")))
        assert pipelines.set_state(conn, stopped, "stopped")
        assert not pipelines.set_state(conn, stopped + 100, "stopped")
    with database.read() as conn:
        assert [row.id for row in pipelines.triggered_by(conn, "raw", "main")] == [both]
        assert [row.id for row in pipelines.triggered_by(conn, "raw", "dev")] == [moved]
        assert pipelines.triggered_by(conn, "out", "main") == []
        assert pipelines.users_of(conn, "raw") == ["both", "moved", "stopped"]
        assert pipelines.users_of(conn, "out") == ["both", "moved", "stopped"]
        assert pipelines.users_of(conn, "none") == []


def test_an_image_is_pinned_once(database: Database) -> None:
    pipeline_id = make_pipeline(database)
    with database.write() as conn:
        assert pipelines.pin_image(conn, pipeline_id, 1, "sha256:aa", "d1")
        assert not pipelines.pin_image(conn, pipeline_id, 1, "sha256:bb", "d2")
        row = pipelines.find(conn, "train")
    assert row is not None
    assert (row.image_digest, row.digest) == ("sha256:aa", "d1")


def test_pipeline_infos_tell_the_last_job(database: Database) -> None:
    pipeline_id = make_pipeline(database)
    make_pipeline(database, "idle")
    make_job(database, pipeline_id, "1")
    last = make_job(database, pipeline_id, "2")
    end(database, last, JobState.KILLED)
    with database.read() as conn:
        infos = pipelines.infos(conn, pipelines.list_pipelines(conn))
    assert [(info.name, info.last_job, info.last_job_state) for info in infos] == [
        ("idle", None, None),
        ("train", last, JobState.KILLED),
    ]


def test_removing_a_pipeline_takes_its_jobs_and_results(database: Database) -> None:
    pipeline_id = make_pipeline(database)
    job = make_job(database, pipeline_id, "1")
    with database.write() as conn:
        datums.add_many(conn, pipeline_id, [make_result(1)])
        job_datums.add_many(conn, job, [make_datum(1)])
        job_events.add(conn, job, "hello", time_us=1)
        assert pipelines.remove(conn, pipeline_id)
        assert not pipelines.remove(conn, pipeline_id)
    with database.read() as conn:
        assert jobs.find(conn, job) is None
        assert datums.get_many(conn, pipeline_id, [make_result(1).key]) == {}
        assert job_datums.list_datums(conn, job) == []
        assert job_events.list_lines(conn, job) == []
    with pytest.raises(NotFound):
        make_job(database, pipeline_id, "2")


# jobs


def test_a_job_comes_back_as_it_was_made(database: Database) -> None:
    pipeline_id = make_pipeline(database)
    job = get_job(database, make_job(database, pipeline_id, "7"))
    assert (job.pipeline, job.version, job.sequence) == ("train", 1, 1)
    assert (job.state, job.counts, job.meta) == (JobState.WAITING, DatumCounts(), None)
    assert job.inputs[1] == JobInput("up", "u", "main", None)
    assert job.info.inputs == ("raw@" + "c" * 64, "u@main")
    assert get_job(database, make_job(database, pipeline_id, "8")).sequence == 2
    with database.read() as conn:
        assert jobs.find(conn, "f" * 32) is None


def test_jobs_are_listed_from_the_newest_and_filtered(database: Database) -> None:
    one, two = make_pipeline(database), make_pipeline(database, "other")
    a = make_job(database, one, "1")
    b = make_job(database, two, "2", upstream=("1",))
    c = make_job(database, one, "3", run_id="b" * 32)
    end(database, a, JobState.KILLED)

    def ids(rows: list[JobRow]) -> list[str]:
        return [row.id for row in rows]

    with database.read() as conn:
        assert ids(jobs.list_jobs(conn)) == [c, b, a]
        assert ids(jobs.list_jobs(conn, limit=1, before=c)) == [b]
        assert ids(jobs.list_jobs(conn, pipeline_id=one)) == [c, a]
        assert ids(jobs.list_jobs(conn, run_id="a" * 32)) == [b, a]
        assert ids(jobs.list_jobs(conn, states=[JobState.KILLED])) == [a]
        assert jobs.by_prefix(conn, "2") == [b]
        assert jobs.by_prefix(conn, "4") == []
        assert jobs.run_ids_by_prefix(conn, "aa") == ["a" * 32]


def test_dependencies_are_followed_down_and_up(database: Database) -> None:
    pipeline_id = make_pipeline(database)
    a = make_job(database, pipeline_id, "1")
    b = make_job(database, pipeline_id, "2", upstream=("1",))
    c = make_job(database, pipeline_id, "3", upstream=("2", "1", "2"))
    make_job(database, pipeline_id, "4")
    with database.read() as conn:
        assert [row.id for row in jobs.downstream(conn, a)] == [b, c]
        assert [row.id for row in jobs.upstream(conn, c)] == [a, b]
        assert jobs.downstream(conn, c) == []


def test_the_last_that_landed_is_looked_for_before_a_place(database: Database) -> None:
    pipeline_id = make_pipeline(database)
    for name in "123":
        job = make_job(database, pipeline_id, name)
        with database.write() as conn:
            job_claims.claim(conn, "e", 10)
            job_claims.transition(conn, job, "e", JobState.FINISHING)
            state = JobState.FAILURE if name == "2" else JobState.SUCCESS
            assert job_claims.transition(conn, job, "e", state)
    with database.read() as conn:
        last = [jobs.last_landed(conn, pipeline_id, before=place) for place in (4, 3, 1)]
    assert [row.id if row else None for row in last] == ["3" * 32, "1" * 32, None]


# claims


def test_jobs_are_claimed_in_order_and_one_at_a_time_for_a_pipeline(database: Database) -> None:
    one, two = make_pipeline(database), make_pipeline(database, "other")
    a, b = make_job(database, one, "1"), make_job(database, one, "2")
    c = make_job(database, two, "3")
    assert claim(database) == a
    assert claim(database) == c
    assert claim(database) is None
    end(database, a)
    assert claim(database) == b


def test_a_job_that_is_egressing_holds_up_its_pipeline_alone(database: Database) -> None:
    one, two = make_pipeline(database), make_pipeline(database, "other")
    a = make_job(database, one, "1")
    make_job(database, one, "2")
    c = make_job(database, two, "3", upstream=("1",))
    assert claim(database) == a
    with database.write() as conn:
        for state in (JobState.FINISHING, JobState.EGRESSING):
            assert job_claims.transition(conn, a, "e1", state)
    assert claim(database) == c
    assert claim(database) is None
    with database.write() as conn:
        assert job_claims.release(conn, a, "e1")
        taken = job_claims.claim(conn, "e", 10)
    assert taken is not None
    assert (taken.id, taken.state) == (a, JobState.EGRESSING)


def test_the_pipeline_that_has_waited_longest_is_served_first(database: Database) -> None:
    """However long the queue of another one is, and however much older its jobs are."""
    one, two = make_pipeline(database), make_pipeline(database, "other")
    queue = [make_job(database, one, str(number)) for number in range(1, 4)]
    late = make_job(database, two, "9")
    assert claim(database, at_us=SECOND) == queue[0]
    end(database, queue[0])
    assert claim(database, at_us=2 * SECOND) == late
    assert claim(database, at_us=2 * SECOND) == queue[1]


def test_jobs_that_an_engine_cannot_run_are_left_to_others(database: Database) -> None:
    a = make_job(database, make_pipeline(database), "1")
    b = make_job(database, make_pipeline(database, "other"), "2")
    with database.write() as conn:
        taken = job_claims.claim(conn, "e1", 30, but={a})
    assert taken is not None
    assert taken.id == b
    assert claim(database, "e2") == a


@pytest.mark.parametrize("state", [JobState.SUCCESS, JobState.FAILURE, JobState.KILLED])
def test_a_job_waits_until_its_upstream_is_over(database: Database, state: JobState) -> None:
    one, two = make_pipeline(database), make_pipeline(database, "other")
    a, b = make_job(database, one, "1"), make_job(database, two, "2", upstream=("1",))
    assert claim(database) == a
    assert claim(database) is None
    with database.write() as conn:
        job_claims.transition(conn, a, "e1", JobState.FINISHING)
    assert claim(database) is None
    end(database, a, state)
    assert claim(database) == b


def test_an_unrunnable_job_no_longer_holds_others_up(database: Database) -> None:
    one, two = make_pipeline(database), make_pipeline(database, "other")
    a, b = make_job(database, one, "1"), make_job(database, two, "2", upstream=("1",))
    end(database, a, JobState.UNRUNNABLE)
    assert claim(database) == b


def test_a_lease_that_ran_out_lets_another_engine_take_over(database: Database) -> None:
    job = make_job(database, make_pipeline(database), "1")
    assert claim(database, "e1", at_us=1) == job
    assert claim(database, "e2", at_us=10 * SECOND) is None
    with database.write() as conn:
        assert job_claims.heartbeat(conn, job, "e1", 10, at_us=5 * SECOND)
        assert not job_claims.heartbeat(conn, job, "e2", 10, at_us=5 * SECOND)
        assert job_claims.transition(conn, job, "e1", JobState.FINISHING)
    assert claim(database, "e2", at_us=15 * SECOND - 1) is None
    assert claim(database, "e2", at_us=15 * SECOND) == job
    taken = get_job(database, job)
    assert (taken.state, taken.owner, taken.started_us) == (JobState.RUNNING, "e2", 1)
    with database.write() as conn:
        assert not job_claims.heartbeat(conn, job, "e1", 10)
        assert not job_claims.transition(conn, job, "e1", JobState.FAILURE)
        assert not job_claims.record(conn, job, "e1", JobFacts(reason="late"))
    assert get_job(database, job) == taken


def test_a_released_job_is_free_at_once(database: Database) -> None:
    job = make_job(database, make_pipeline(database), "1")
    assert claim(database, "e1") == job
    with database.write() as conn:
        assert not job_claims.release(conn, job, "e2")
        assert job_claims.release(conn, job, "e1")
    assert claim(database, "e2", at_us=1) == job


def test_facts_are_written_down_by_the_owner(database: Database) -> None:
    job = make_job(database, make_pipeline(database), "1")
    claim(database)
    meta = TreeRef(b"d" * 32, Location(b"p" * 16, 1, 2), 3, 4)
    facts = JobFacts(
        inputs=[JobInput("up", "u", "main", "e" * 64)],
        executor="process",
        counts=DatumCounts(9, 1, 2, 3),
        meta=meta,
    )
    with database.write() as conn:
        assert job_claims.record(conn, job, "e1", facts)
        assert job_claims.record(conn, job, "e1", JobFacts())
        assert job_claims.transition(conn, job, "e1", JobState.FINISHING)
        done = JobFacts(output="f" * 64, reason="fine")
        assert job_claims.transition(conn, job, "e1", JobState.SUCCESS, done, at_us=77)
        assert not job_claims.record(conn, job, "e1", JobFacts(reason="late"))
    row = get_job(database, job)
    assert row.inputs == tuple(facts.inputs or ())
    assert (row.executor, row.counts, row.meta) == ("process", DatumCounts(9, 1, 2, 3), meta)
    assert (row.output, row.reason, row.finished_us) == ("f" * 64, "fine", 77)
    assert (row.owner, row.lease_until_us) == (None, 0)
    assert row.info.datums_failed == 3


def test_an_empty_meta_tree_is_not_the_same_as_none(database: Database) -> None:
    job = make_job(database, make_pipeline(database), "1")
    claim(database)
    with database.write() as conn:
        job_claims.record(conn, job, "e1", JobFacts(meta=TreeRef(b"d" * 32, None, 0, 0)))
    assert get_job(database, job).meta == TreeRef(b"d" * 32, None, 0, 0)


def test_only_legal_transitions_are_made(database: Database) -> None:
    pipeline_id = make_pipeline(database)
    ways: dict[JobState, list[JobState]] = {
        JobState.WAITING: [],
        JobState.RUNNING: [JobState.RUNNING],
        JobState.FINISHING: [JobState.RUNNING, JobState.FINISHING],
        JobState.EGRESSING: [JobState.RUNNING, JobState.FINISHING, JobState.EGRESSING],
        JobState.SUCCESS: [JobState.RUNNING, JobState.FINISHING, JobState.SUCCESS],
        JobState.FAILURE: [JobState.RUNNING, JobState.FAILURE],
        JobState.KILLED: [JobState.KILLED],
        JobState.UNRUNNABLE: [JobState.UNRUNNABLE],
        JobState.SUPERSEDED: [JobState.SUPERSEDED],
    }
    for number, (source, target) in enumerate(product(JobState, JobState)):
        with database.write() as conn:
            job = f"{number:032x}"
            jobs.create(
                conn,
                job,
                pipeline_id=pipeline_id,
                version=1,
                run_id="r",
                inputs=[],
                time_us=number,
            )
            for step in ways[source]:
                assert job_claims.transition(conn, job, None, step)
            moved = job_claims.transition(conn, job, None, target)
            found = jobs.find(conn, job)
        assert moved is (target in TRANSITIONS[source]), (source, target)
        assert found is not None
        assert found.state is (target if moved else source)


# datums


def make_result(number: int) -> datums.DatumResultRow:
    record = StagedRecord(digest_of(b"o"), Location(b"p" * 16, number, 5), 2, 0, 2**40)
    return datums.DatumResultRow(digest_of(str(number).encode()), record, 0.25, number)


def make_datum(number: int, state: DatumState = DatumState.SUCCESS) -> job_datums.JobDatumRow:
    log = ChunkRef(b"l" * 32, 5, Location(b"p" * 16, 6, 7)) if number % 2 else None
    key = bytes([number]) * 32
    return job_datums.JobDatumRow(key, state, ("raw:/a", "raw:/b/"), 0.5, 0, "why", log)


def test_datum_results_are_kept_per_pipeline(database: Database) -> None:
    one, two = make_pipeline(database), make_pipeline(database, "other")
    results = {row.key: row for row in map(make_result, range(1200))}
    with database.write() as conn:
        datums.add_many(conn, one, results.values())
        datums.add_many(conn, one, [])
    with database.read() as conn:
        assert datums.get_many(conn, one, [*results, b"x" * 32]) == results
        assert datums.get_many(conn, two, results) == {}


def test_a_datum_keeps_its_first_result_unless_replaced(database: Database) -> None:
    pipeline_id = make_pipeline(database)
    first = make_result(1)
    other = datums.DatumResultRow(first.key, make_result(2).output, 9.0, 99)
    with database.write() as conn:
        datums.add_many(conn, pipeline_id, [first])
        datums.add_many(conn, pipeline_id, [other])
        assert datums.get_many(conn, pipeline_id, [first.key]) == {first.key: first}
        datums.add_many(conn, pipeline_id, [other], replace=True)
        assert datums.get_many(conn, pipeline_id, [first.key]) == {first.key: other}


def test_datums_of_a_job_are_listed_filtered_and_replaced(database: Database) -> None:
    job = make_job(database, make_pipeline(database), "1")
    failed = make_datum(2, DatumState.FAILED)
    with database.write() as conn:
        job_datums.add_many(conn, job, [make_datum(3), failed, make_datum(1)])
        job_datums.add_many(conn, job, [])
    with database.read() as conn:
        assert job_datums.list_datums(conn, job) == [make_datum(1), failed, make_datum(3)]
        assert job_datums.list_datums(conn, job, state=DatumState.FAILED) == [failed]
        page = job_datums.list_datums(conn, job, after=failed.key, limit=1)
        assert page == [make_datum(3)]
        assert job_datums.by_prefix(conn, job, "020") == [failed]
        assert job_datums.by_prefix(conn, job, "02" * 32) == [failed]
        assert job_datums.by_prefix(conn, job, "03") == [make_datum(3)]
        assert job_datums.by_prefix(conn, job, "0", limit=2) == [make_datum(1), failed]
        assert job_datums.by_prefix(conn, job, "04") == []
    with database.write() as conn:
        job_datums.add_many(conn, job, [make_datum(2)])
        assert job_datums.list_datums(conn, job)[1] == make_datum(2)
    assert job_datums.info_of(job, failed) == DatumInfo(
        job, "02" * 32, DatumState.FAILED, ("raw:/a", "raw:/b/"), 0.5, 0, "why"
    )


def test_engine_lines_keep_their_order(database: Database) -> None:
    job = make_job(database, make_pipeline(database), "1")
    with database.write() as conn:
        for text in ("one", "two", "three"):
            job_events.add(conn, job, text, time_us=5)
    with database.read() as conn:
        lines = job_events.list_lines(conn, job)
        assert [line for _, line in lines] == [
            LogLine(job, None, "engine", 5, text) for text in ("one", "two", "three")
        ]
        assert job_events.list_lines(conn, job, after=lines[0][0], limit=1) == lines[1:2]


def test_the_outbox_tells_whether_a_run_has_events_left(database: Database) -> None:
    with database.write() as conn:
        event = outbox.add(conn, "commit_landed", {"run_id": "r1"}, time_us=1)
        assert outbox.has_event_of(conn, "r1")
        assert not outbox.has_event_of(conn, "r2")
        outbox.claim(conn, "e", 1)
        outbox.ack(conn, "e", [event])
        assert not outbox.has_event_of(conn, "r1")
