"""Cron inputs: when they tick, that each tick is made once, and what becomes of it."""

import threading
import time
from datetime import UTC, datetime

import pytest

from datavc.db.clock import now_us
from datavc.engine.clock_work import do_what_is_due
from datavc.engine.cron import tick_now, tick_what_is_due
from datavc.engine.pipelines import delete_pipeline
from datavc.errors import Conflict, InvalidInput, NotFound
from datavc.model.job import JobState
from datavc.versioning.repos import list_repos
from datavc.versioning.versioned_store import open_versioned_store
from tests.integration.engine.conftest import BOTH_DATABASES

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
#: A midnight in the future, so that no real time comes in between.
START = now_us() // DAY * DAY + 40 * DAY
SHOW = 'for f in "$DATAVC_PFS"/tick/*; do echo "${f##*/}" >>"$DATAVC_PFS/out/${f##*/}"; done'

pytestmark = BOTH_DATABASES


def name_of(time_us: int) -> str:
    return f"{datetime.fromtimestamp(time_us / SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"


def cron(spec: str = "@hourly", **fields: object) -> dict[str, object]:
    return {"cron": {"name": "tick", "spec": spec, "start": name_of(START), **fields}}


def names(world, repo: str) -> list[str]:
    return sorted(world.files(repo))


def test_each_tick_is_a_file_and_a_datum(world) -> None:
    assert world.pipeline("ingest", cron(), SHOW) == []
    assert tick_what_is_due(world.vs, START + HOUR - 1) == []
    (tick,) = tick_what_is_due(world.vs, START + HOUR)
    (job,) = world.drive(tick.run_id)
    assert (job.state, job.datums_processed) == (JobState.SUCCESS, 1)
    assert tick_what_is_due(world.vs, START + HOUR) == []
    (tick,) = tick_what_is_due(world.vs, START + 2 * HOUR + 5 * SECOND)
    (job,) = world.drive(tick.run_id)
    assert (job.datums_processed, job.datums_skipped) == (1, 1)
    ticks = [name_of(START + HOUR), name_of(START + 2 * HOUR)]
    assert names(world, "ingest_tick") == names(world, "ingest") == ticks


def test_ticks_that_nobody_was_there_for_are_made_up_for_by_one(world) -> None:
    world.pipeline("ingest", cron(), SHOW)
    assert len(tick_what_is_due(world.vs, START + 1000 * HOUR + 1)) == 1
    assert names(world, "ingest_tick") == [name_of(START + 1000 * HOUR)]
    assert tick_what_is_due(world.vs, START + 1001 * HOUR - 1) == []
    assert len(tick_what_is_due(world.vs, START + 1001 * HOUR)) == 1


def test_a_tick_that_overwrites_leaves_one_file(world) -> None:
    world.pipeline("ingest", cron(overwrite=True), SHOW)
    for number in (1, 2):
        (tick,) = tick_what_is_due(world.vs, START + number * HOUR)
        (job,) = world.drive(tick.run_id)
        assert (job.datums_total, job.datums_processed) == (1, 1)
    assert names(world, "ingest_tick") == names(world, "ingest") == [name_of(START + 2 * HOUR)]


def test_engines_that_see_the_same_tick_make_it_once(world) -> None:
    world.pipeline("ingest", cron(), SHOW)
    others = [open_versioned_store(world.home, database_url=world.database) for _ in range(4)]
    for number in range(1, 6):
        made: list[object] = []
        start = threading.Barrier(len(others))

        def tick(vs, start=start, made=made, number=number) -> None:
            start.wait()
            made.extend(tick_what_is_due(vs, START + number * HOUR))

        threads = [threading.Thread(target=tick, args=(vs,)) for vs in others]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(made) == 1
    for vs in others:
        vs.close()
    assert names(world, "ingest_tick") == [name_of(START + n * HOUR) for n in range(1, 6)]


def test_two_inputs_that_are_due_tick_as_one_run(world) -> None:
    node = {"cross": [cron(), cron("@daily", name="day")]}
    world.pipeline("ingest", node, SHOW)
    hour, day = sorted(tick_what_is_due(world.vs, START + DAY), key=lambda tick: tick.repo)[::-1]
    assert (hour.repo, day.repo, hour.run_id) == ("ingest_tick", "ingest_day", day.run_id)
    (job,) = world.drive(hour.run_id)
    assert (job.state, job.datums_total) == (JobState.SUCCESS, 1)


def test_a_tick_by_hand_leaves_the_schedule_as_it_is(world) -> None:
    world.pipeline("ingest", cron(), SHOW)
    (tick,) = tick_now(world.vs, "ingest", "ann")
    assert tick.author == "ann"
    (job,) = world.drive(tick.run_id)
    assert job.state is JobState.SUCCESS
    assert len(tick_what_is_due(world.vs, START + HOUR)) == 1
    assert len(names(world, "ingest_tick")) == 2


def test_an_update_keeps_a_schedule_that_is_the_same_and_no_other(world) -> None:
    world.pipeline("ingest", cron(), SHOW)
    tick_what_is_due(world.vs, START + HOUR)
    world.pipeline("ingest", cron(), f"{SHOW}; true", update=True)
    assert tick_what_is_due(world.vs, START + HOUR) == []
    world.pipeline("ingest", cron("@every 30m"), SHOW, update=True)
    assert len(tick_what_is_due(world.vs, START + HOUR // 2)) == 1
    world.repo("raw")
    world.pipeline("ingest", "raw", SHOW, update=True)
    assert tick_what_is_due(world.vs, START + 50 * HOUR) == []


def test_without_a_start_the_first_tick_comes_after_the_pipeline(world) -> None:
    world.pipeline("ingest", cron("@every 60s", start=None), SHOW)
    assert tick_what_is_due(world.vs, now_us()) == []
    assert len(tick_what_is_due(world.vs, now_us() + 60 * SECOND)) == 1


def test_the_repo_of_the_ticks_goes_with_the_pipeline_that_made_it(world) -> None:
    world.repo("clock")
    world.pipeline("ingest", {"union": [cron(), cron(name="other", repo="clock")]}, SHOW)
    assert {info.name for info in list_repos(world.vs)} == {"clock", "ingest", "ingest_tick"}
    delete_pipeline(world.vs, "ingest", "ann")
    assert [info.name for info in list_repos(world.vs)] == ["clock"]


def test_what_cannot_tick_is_refused(world) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", SHOW)
    with pytest.raises(InvalidInput, match="'copy' has no cron input"):
        tick_now(world.vs, "copy", "ann")
    with pytest.raises(NotFound, match="'none' does not exist"):
        tick_now(world.vs, "none", "ann")
    with pytest.raises(Conflict, match="is written by pipeline 'copy'"):
        world.pipeline("ingest", cron(repo="copy"), SHOW)
    assert "ingest" not in {info.name for info in list_repos(world.vs)}


def test_an_engine_that_serves_ticks_and_one_that_is_driven_does_not(world) -> None:
    long_ago = name_of(START - 400 * DAY)
    world.repo("raw")
    world.pipeline("ingest", cron("@yearly", start=long_ago), SHOW)
    world.commit_and_drive("raw", {"a": b"1"})
    assert world.head("ingest_tick") is None
    stop = threading.Event()
    thread = threading.Thread(target=world.engine.serve, args=(stop,))
    thread.start()
    deadline = time.monotonic() + 60
    while world.head("ingest") is None and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    thread.join()
    assert len(names(world, "ingest")) == 1


def test_the_clock_says_when_something_is_due_next(world) -> None:
    assert do_what_is_due(world.vs) is None
    world.pipeline("ingest", cron(), SHOW)
    seconds = do_what_is_due(world.vs)
    assert seconds is not None
    assert 0 <= (START + HOUR - now_us()) / SECOND - seconds + 60 < 120
    world.repo("raw")
    trigger = {"branch": "main", "cron_spec": "@every 1h"}
    node = {"pfs": {"name": "in", "repo": "raw", "glob": "/*", "trigger": trigger}}
    world.pipeline("hourly", node, SHOW)
    seconds = do_what_is_due(world.vs)
    assert seconds is not None
    assert 0 < seconds <= 3600
