"""Pipelines act as accounts of their own, which may do what their specs need and nothing else."""

import threading
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import text

from datavc.access import accounts, audit, roles
from datavc.access.caller import Caller
from datavc.access.pipeline_account import needed_grants
from datavc.access.tokens import authenticate, create_token
from datavc.db import jobs as job_rows
from datavc.db import pipelines, ref_log, repos
from datavc.db.migrations.upgrade import roll_back
from datavc.db.schema_version import REVISIONS
from datavc.db.session import Database
from datavc.engine import job_rights, jobs
from datavc.engine.cron import tick_now, tick_what_is_due
from datavc.engine.pipelines import create_pipeline, delete_pipeline
from datavc.engine.reproduction import start_reproduction
from datavc.errors import AccessDenied, InvalidInput, InvalidName, NotFound
from datavc.model.account import AccountInfo, AccountKind, Holder
from datavc.model.audit import AuditEntry, AuditFilter, Outcome
from datavc.model.job import JobInfo, JobState
from datavc.model.pipeline import parse_pipeline_spec
from datavc.model.role import parse_grant
from datavc.versioning import history
from tests.integration.engine.conftest import BOTH_DATABASES
from tests.integration.engine.test_engine_cron import HOUR, START, cron
from tests.integration.engine.test_engine_service import service, serving, wait_until
from tests.integration.engine.test_engine_spout import COUNT, spout
from tests.services.ports import free_ports

ROOT = Caller.unlimited("root")
COPY = 'cp "$in" "$DATAVC_PFS/out/"'
NAME = "pipeline:copy"
CROSS = {
    "cross": [
        {"pfs": {"name": "in", "repo": "raw", "glob": "/*"}},
        {"pfs": {"name": "more", "repo": "extra", "branch": "v2", "glob": "/"}},
    ]
}


def account(world, name: str = NAME) -> AccountInfo:
    return accounts.get_account(world.db, name)


def revoke(world, grant: str, name: str = NAME) -> None:
    roles.revoke_role(world.db, ROOT, Holder.ACCOUNT, name, parse_grant(grant))


def grant(world, grant: str, name: str = NAME) -> None:
    roles.grant_role(world.db, ROOT, Holder.ACCOUNT, name, parse_grant(grant))


def entries(world, name: str = NAME, **wanted: str) -> list[AuditEntry]:
    return audit.read_log(world.db, AuditFilter(account=name, **wanted), 100)


def refused(world, job: JobInfo, repo: str, reason: str, name: str = NAME) -> None:
    """Make sure that a job failed since it was not allowed, which the audit log says once."""
    assert job.state is JobState.FAILURE
    assert reason in job.reason
    (entry,) = [
        each
        for each in entries(world, name, outcome=Outcome.REFUSED)
        if each.request == f"job {job.id}"
    ]
    assert (entry.repo, entry.reason in job.reason) == (repo, True)


@BOTH_DATABASES
def test_the_account_goes_with_the_pipeline_and_its_roles_with_the_spec(world) -> None:
    world.repo("raw", "extra")
    world.pipeline("copy", "raw", COPY)
    made = account(world)
    assert (made.kind, made.author, made.is_disabled) == (AccountKind.PIPELINE, "tester", False)
    assert made.roles == ("writer:copy@main", "reader:raw@main")
    world.pipeline("copy", CROSS, COPY, update=True)
    assert account(world).roles == ("writer:copy@main", "reader:extra@v2", "reader:raw@main")
    world.pipeline("copy", "extra", COPY, update=True, output_branch="other")
    assert account(world).roles == ("writer:copy@other", "reader:extra@main")
    token = create_token(world.db, NAME).token
    assert authenticate(world.db, token).kind is AccountKind.PIPELINE
    delete_pipeline(world.vs, "copy", "tester")
    with pytest.raises(NotFound):
        account(world)
    with pytest.raises(AccessDenied):
        authenticate(world.db, token)


@BOTH_DATABASES
def test_what_it_puts_out_is_written_down_as_its_own(world) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", 'ls "$in" >"$DATAVC_PFS/out/names"', glob="/")
    (job,) = world.commit_and_drive("raw", {"a": b"1"})
    (commit,) = history.log(world.vs, "copy", "main", None)
    assert commit.author == NAME
    with world.db.read() as conn:
        ((_, move), *_) = ref_log.list_moves(conn, repos.get(conn, "copy").id)
    assert move.author == NAME
    (entry,) = entries(world)
    assert (entry.request, entry.repo, entry.branch, entry.outcome) == (
        f"job {job.id}", "copy", "main", Outcome.DONE,
    )  # fmt: skip
    # A job whose output is what it was has changed nothing.
    (job,) = world.commit_and_drive("raw", {"a": b"2"})
    assert (job.state, job.datums_processed) == (JobState.SUCCESS, 1)
    assert entries(world) == [entry]


@BOTH_DATABASES
def test_what_is_taken_away_fails_the_next_job_until_it_is_given_back(world) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", COPY)
    revoke(world, "reader:raw@main")
    (job,) = world.commit_and_drive("raw", {"a": b"1"})
    refused(world, job, "raw", f"account {NAME!r} may not read in repo 'raw'")
    assert f"datavc auth role grant {NAME} reader raw@main" in job.reason
    assert world.head("copy") is None
    grant(world, "reader:raw@main")
    revoke(world, "writer:copy@main")
    (job,) = world.commit_and_drive("raw", {"a": b"2"})
    refused(world, job, "copy", "may not write on branch 'main' of repo 'copy'")
    grant(world, "writer:copy@main")
    accounts.set_disabled(world.db, NAME, disabled=True)
    (job,) = world.commit_and_drive("raw", {"a": b"3"})
    refused(world, job, "copy", f"account {NAME!r} is disabled")
    accounts.set_disabled(world.db, NAME, disabled=False)
    (job,) = world.commit_and_drive("raw", {"a": b"4"})
    assert (job.state, world.files("copy")) == (JobState.SUCCESS, {"a": b"4"})


@BOTH_DATABASES
def test_what_is_taken_away_while_a_job_runs_is_not_committed(world) -> None:
    world.repo("raw")
    script = f': >"$CALLS/began"; until [ -e "$CALLS/go" ]; do sleep 0.02; done; {COPY}'
    world.pipeline("copy", "raw", script)
    run = world.put("raw", {"a": b"1"})
    done: list[JobInfo] = []
    thread = threading.Thread(target=lambda: done.extend(world.drive(run)))
    thread.start()
    wait_until(lambda: (world.calls / "began").exists())
    revoke(world, "writer:copy@main")
    (world.calls / "go").touch()
    thread.join()
    refused(world, done[0], "copy", "may not write on branch 'main' of repo 'copy'")
    assert world.head("copy") is None


def test_an_update_gives_nothing_back_that_its_spec_went_on_to_need(world) -> None:
    world.repo("raw", "extra")
    world.pipeline("copy", CROSS, COPY)
    revoke(world, "reader:raw@main")
    world.pipeline("copy", CROSS, f"{COPY} # new", update=True)
    assert account(world).roles == ("writer:copy@main", "reader:extra@v2")
    # Whoever names it anew must be allowed to read it.
    world.pipeline("copy", "extra", COPY, update=True)
    world.pipeline("copy", CROSS, COPY, update=True)
    assert account(world).roles == ("writer:copy@main", "reader:extra@v2", "reader:raw@main")


def test_a_pipelines_account_is_given_nothing_but_what_its_spec_needs(world) -> None:
    world.repo("raw", "other")
    world.pipeline("copy", "raw", COPY)
    for wrong in ("reader:other", "admin:*", "writer:raw@main", "writer:copy", "reader:raw"):
        with pytest.raises(InvalidInput, match="does not need"):
            grant(world, wrong)
    accounts.create_group(world.db, "team", author="root")
    for use in (
        lambda: accounts.add_member(world.db, "team", NAME),
        lambda: accounts.set_link(world.db, NAME, "https://login.example.com", "1"),
        lambda: accounts.delete_account(world.db, NAME),
        lambda: accounts.create_account(world.db, "x", AccountKind.PIPELINE, author="root"),
    ):
        with pytest.raises(InvalidInput):
            use()
    with pytest.raises(InvalidName):
        accounts.create_account(world.db, "pipeline:x", author="root")
    assert account(world).roles == ("writer:copy@main", "reader:raw@main")


@BOTH_DATABASES
def test_ticks_are_its_own_and_left_out_where_it_may_not(world) -> None:
    world.pipeline("copy", cron(), 'ls "$DATAVC_PFS/tick" >"$DATAVC_PFS/out/ticks"', glob="/")
    assert account(world).roles == ("writer:copy@main", "writer:copy_tick@main")
    (tick,) = tick_what_is_due(world.vs, START + HOUR)
    assert tick.author == NAME
    (entry,) = entries(world)
    assert (entry.request, entry.repo, entry.outcome) == ("tick", "copy_tick", Outcome.DONE)
    revoke(world, "writer:copy_tick@main")
    for _ in range(2):
        # It is left out once, and not tried again and again.
        assert tick_what_is_due(world.vs, START + 2 * HOUR) == []
    (entry,) = entries(world, outcome=Outcome.REFUSED)
    assert (entry.request, entry.repo) == ("tick", "copy_tick")
    with pytest.raises(AccessDenied, match="may not write on branch 'main' of repo 'copy_tick'"):
        tick_now(world.vs, "copy", "ann")
    grant(world, "writer:copy_tick@main")
    (tick,) = tick_what_is_due(world.vs, START + 3 * HOUR)
    (by_hand,) = tick_now(world.vs, "copy", "ann")
    assert (tick.author, by_hand.author) == (NAME, "ann")


def test_a_spout_commits_as_long_as_it_may(world) -> None:
    create_pipeline(world.vs, spout(COUNT), "tester")
    name = "pipeline:src"
    with serving(world):
        wait_until(lambda: world.head("src") is not None)
        revoke(world, "writer:src@main", name)
        wait_until(lambda: jobs.list_jobs(world.vs, "src")[0].state is JobState.FAILURE)
    (job,) = jobs.list_jobs(world.vs, "src")
    refused(world, job, "src", "may not write on branch 'main' of repo 'src'", name)
    commits = list(history.log(world.vs, "src", "main", None))
    assert {commit.author for commit in commits} == {name}
    assert len(entries(world, name, outcome=Outcome.DONE)) == len(commits)


def test_a_service_ends_when_it_may_read_no_more(world) -> None:
    world.repo("raw")
    (port,) = free_ports(1)
    create_pipeline(world.vs, service(port), "tester")
    world.put("raw", {"a": b"1"})

    def state() -> JobState | None:
        found = jobs.list_jobs(world.vs, "web")
        return found[0].state if found else None

    with serving(world):
        wait_until(lambda: state() is JobState.RUNNING)
        accounts.set_disabled(world.db, "pipeline:web", disabled=True)
        wait_until(lambda: state() is JobState.FAILURE)
    (job,) = jobs.list_jobs(world.vs, "web")
    refused(world, job, "web", "is disabled", "pipeline:web")


def test_what_an_earlier_version_read_is_read_once_more_and_what_is_taken_away_is_not(
    world,
) -> None:
    world.repo("raw", "extra")
    world.pipeline("copy", "extra", COPY)
    world.commit_and_drive("extra", {"a": b"1"})
    old = world.head("copy").id
    world.pipeline("copy", "raw", COPY, update=True)
    world.commit_and_drive("raw", {"b": b"1"})
    revoke(world, "writer:copy@main")

    def reproduce(ref: str) -> JobInfo:
        return world.drive(start_reproduction(world.vs, "copy", ref, "ann").run_id)[0]

    refused(world, reproduce(old), "copy", "may not read in repo 'copy'")
    grant(world, "writer:copy@main")
    assert reproduce(old).state is JobState.SUCCESS
    revoke(world, "reader:raw@main")
    refused(world, reproduce("main"), "raw", "may not read in repo 'raw'")
    accounts.set_disabled(world.db, NAME, disabled=True)
    refused(world, reproduce(old), "copy", "is disabled")


def test_what_goes_out_has_to_be_read_only(world) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", COPY)
    world.commit_and_drive("raw", {"a": b"1"})
    with world.db.read() as conn:
        pipeline = pipelines.find(conn, "copy")
        (row,) = [each for each in job_rows.list_jobs(conn) if each.output is not None]
    rights = job_rights.JobRights(
        replace(row, state=JobState.EGRESSING), pipeline, parse_pipeline_spec(pipeline.spec)
    )
    revoke(world, "reader:raw@main")
    with world.db.read() as conn:
        rights.check(conn)
    accounts.set_disabled(world.db, NAME, disabled=True)
    with world.db.read() as conn, pytest.raises(AccessDenied, match="is disabled"):
        rights.check(conn)


@BOTH_DATABASES
def test_pipelines_that_are_there_are_given_accounts(world) -> None:
    world.repo("raw", "extra")
    world.pipeline("copy", CROSS, COPY)
    world.pipeline("copy", CROSS, f"{COPY} # new", update=True)
    world.pipeline("clock", cron(), COPY)
    before = list(accounts.list_accounts(world.db))
    create_token(world.db, NAME)
    with world.db.write() as conn:
        roll_back(conn, REVISIONS[REVISIONS.index("0017") - 1])
        left = conn.execute(text("SELECT count(*) FROM accounts")).scalar()
        bound = conn.execute(text("SELECT count(*) FROM role_bindings")).scalar()
    assert (left, bound) == (0, 0)
    url = world.database or f"sqlite:///{world.home / 'datavc.db'}"
    with closing(Database.open(url)) as database:
        after = list(accounts.list_accounts(database))
        with database.read() as conn:
            for each in pipelines.list_pipelines(conn):
                needed = needed_grants(parse_pipeline_spec(each.spec))
                (found,) = [one for one in after if one.name == f"pipeline:{each.name}"]
                assert set(found.roles) == set(map(str, needed))
    assert [(one.name, one.kind, one.roles) for one in after] == [
        (one.name, one.kind, one.roles) for one in before
    ]


def test_a_pipeline_without_an_account_does_nothing_until_an_update_makes_it_one(world) -> None:
    world.repo("raw")
    world.pipeline("copy", "raw", COPY)
    with world.db.write() as conn:
        conn.execute(text("DELETE FROM accounts"))
    (job,) = world.commit_and_drive("raw", {"a": b"1"})
    refused(world, job, "copy", "pipeline 'copy' has no account")
    (job,) = world.pipeline("copy", "raw", COPY, update=True)
    assert job.state is JobState.SUCCESS


def test_a_refusal_by_somebody_else_is_no_refusal_of_the_account(
    world, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(*_: object) -> None:
        raise AccessDenied("the bucket may not be read")

    world.repo("raw")
    world.pipeline("copy", "raw", COPY)
    monkeypatch.setattr("datavc.engine.job_run.resolve_inputs", deny)
    (job,) = world.commit_and_drive("raw", {"a": b"1"})
    assert (job.state, job.reason) == (JobState.FAILURE, "the bucket may not be read")
    assert entries(world) == []
