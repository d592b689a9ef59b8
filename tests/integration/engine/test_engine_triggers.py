"""Branches that follow others: by commits, by bytes, by the clock."""

import pytest

from datavc.db.clock import now_us
from datavc.engine.branch_moves import follow_clock
from datavc.engine.pipelines import delete_pipeline
from datavc.engine.triggers import handle_events
from datavc.errors import Conflict, InvalidInput, NotFound
from datavc.model.branch_trigger import BranchTrigger
from datavc.versioning.branch_triggers import list_triggers, remove_trigger, set_trigger
from datavc.versioning.branches import create_branch, get_branch, list_branches
from tests.integration.engine.conftest import BOTH_DATABASES

COPY = 'cp "$DATAVC_PFS"/in/* "$DATAVC_PFS/out/"'
HOUR = 3600 * 1_000_000

pytestmark = BOTH_DATABASES


def triggered(**trigger: object) -> dict[str, object]:
    return {"pfs": {"name": "in", "repo": "raw", "glob": "/*", "trigger": trigger}}


def head(world, branch: str) -> str | None:
    return get_branch(world.vs, "raw", branch).head


def test_a_pipeline_runs_every_second_commit_in_the_run_of_that_commit(world) -> None:
    world.repo("raw")
    assert world.pipeline("copy", triggered(commits=2), COPY) == []
    ran = []
    for number in range(5):
        run = world.put("raw", {f"f{number}": b"x"})
        jobs = world.drive(run)
        assert all(job.run_id == run for job in jobs)
        ran.append([job.datums_processed for job in jobs])
    assert ran == [[], [2], [], [2], []]
    assert sorted(world.files("copy")) == ["f0", "f1", "f2", "f3"]


def test_each_commit_is_looked_at_however_late_the_engine_is(world) -> None:
    world.repo("raw")
    world.pipeline("copy", triggered(commits=2), COPY)
    runs = [world.put("raw", {f"f{number}": b"x"}) for number in range(5)]
    handle_events(world.vs, "test")
    assert [len(world.drive(run)) for run in runs] == [0, 1, 0, 1, 0]


def test_a_size_counts_bytes_that_changed_not_growth(world) -> None:
    world.repo("raw")
    world.pipeline("copy", triggered(size="1k"), COPY)
    assert world.commit_and_drive("raw", {"a": b"1" * 600}) == []
    assert len(world.commit_and_drive("raw", {"b": b"1" * 600})) == 1
    assert world.commit_and_drive("raw", {"a": b"2" * 600}) == []
    assert len(world.commit_and_drive("raw", {"b": b"2" * 600})) == 1
    assert world.files("copy") == {"a": b"2" * 600, "b": b"2" * 600}
    assert len(world.commit_and_drive("raw", {"a": None, "b": None})) == 1


def test_all_conditions_or_any(world) -> None:
    world.repo("raw")
    world.pipeline("either", triggered(commits=3, size="1k"), COPY)
    world.pipeline("both", triggered(commits=3, size="1k", all=True), COPY)
    ran = [
        [job.pipeline for job in world.commit_and_drive("raw", {name: b"x" * size})]
        for name, size in (("a", 2000), ("b", 1), ("c", 1), ("d", 1))
    ]
    assert ran == [["either"], [], ["both"], ["either"]]


def test_a_rate_limit_holds_back_what_comes_too_soon(world) -> None:
    world.repo("raw")
    world.pipeline("copy", triggered(rate_limit_spec="@every 1h"), COPY)
    assert world.commit_and_drive("raw", {"a": b"1"}) == []


def test_a_trigger_by_the_clock_moves_to_what_is_new(world) -> None:
    world.repo("raw")
    world.pipeline("copy", triggered(cron_spec="@every 1h"), COPY)
    assert world.commit_and_drive("raw", {"a": b"1"}) == []
    now = now_us()
    follow_clock(world.vs, now)
    assert head(world, "copy-trigger-1") is None
    follow_clock(world.vs, now + HOUR)
    moved = head(world, "copy-trigger-1")
    assert moved == head(world, "main")
    handle_events(world.vs, "test")
    world.commit_and_drive("raw", {"b": b"2"})
    assert world.files("copy") == {"a": b"1"}
    follow_clock(world.vs, now + HOUR + 1)
    assert head(world, "copy-trigger-1") == moved
    follow_clock(world.vs, now + 5 * HOUR)
    assert head(world, "copy-trigger-1") == head(world, "main") != moved


def test_main_may_follow_staging(world) -> None:
    world.repo("raw")
    create_branch(world.vs, "raw", "staging", author="ann")
    set_trigger(world.vs, "raw", "main", BranchTrigger("staging", commits=1))
    assert list_triggers(world.vs, "raw") == {"main": BranchTrigger("staging", commits=1)}
    create_branch(world.vs, "raw", "tmp", author="ann")
    with pytest.raises(InvalidInput, match="'staging' would follow itself: staging <- main"):
        set_trigger(world.vs, "raw", "staging", BranchTrigger("main", commits=1))
    remove_trigger(world.vs, "raw", "main")
    assert list_triggers(world.vs, "raw") == {}
    with pytest.raises(NotFound, match="has no trigger"):
        remove_trigger(world.vs, "raw", "main")
    with pytest.raises(NotFound, match="no branch 'none'"):
        set_trigger(world.vs, "raw", "main", BranchTrigger("none", commits=1))


def test_a_pipelines_output_may_be_read_by_trigger_but_not_given_one(world) -> None:
    world.repo("raw")
    world.pipeline("first", "raw", COPY)
    node = {"pfs": {"name": "in", "repo": "first", "glob": "/*", "trigger": {"commits": 2}}}
    world.pipeline("second", node, COPY)
    ran = [[job.pipeline for job in world.commit_and_drive("raw", {name: b"x"})] for name in "abcd"]
    assert ran == [["first"], ["first", "second"], ["first"], ["first", "second"]]
    with pytest.raises(Conflict, match="is written by pipeline 'first'"):
        set_trigger(world.vs, "first", "main", BranchTrigger("second-trigger-1", commits=1))


def test_what_was_made_for_a_trigger_goes_with_it(world) -> None:
    world.repo("raw")
    world.pipeline("copy", triggered(commits=2), COPY)
    assert [each.name for each in list_branches(world.vs, "raw")] == ["copy-trigger-1", "main"]
    world.pipeline("copy", "raw", COPY, update=True)
    assert [each.name for each in list_branches(world.vs, "raw")] == ["main"]
    world.pipeline("copy", triggered(size="1M"), COPY, update=True)
    delete_pipeline(world.vs, "copy", "ann")
    assert [each.name for each in list_branches(world.vs, "raw")] == ["main"]
    assert list_triggers(world.vs, "raw") == {}
