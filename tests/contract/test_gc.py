"""Garbage collection on both databases: what goes, what stays, and who wins against writers."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from datavc.db import outbox
from datavc.db import retention as retention_rows
from datavc.db.clock import now_us
from datavc.errors import Collected, Expired
from datavc.store.key import PACK_PREFIX
from datavc.versioning import branches, gc, repos, resolve, retention, staging, tags
from datavc.versioning.commits import commit_changes, commit_staged
from datavc.versioning.gc import collect_garbage
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from tests.services.small_store import commit_files, read_files, store_changes

BIG = bytes(range(256)) * 4096 * 20


@pytest.fixture
def vs(empty_store: VersionedStore) -> VersionedStore:
    repos.create_repo(empty_store, "data", author="ann")
    return empty_store


def drain(vs: VersionedStore) -> None:
    """Act on all events, which keep the commits that they tell of."""
    with vs.db.write() as conn:
        events = outbox.claim(conn, "nobody", 60)
        outbox.ack(conn, "nobody", [event.id for event in events])


def packs(vs: VersionedStore) -> set[str]:
    return {found.key for found in vs.objects.backend.list(PACK_PREFIX)}


def test_nothing_that_is_in_use_goes(vs: VersionedStore) -> None:
    commit_files(vs, {"a": b"one", "big": BIG})
    commit_files(vs, {"a": b"two"})
    staging.stage(vs, "data", "main", store_changes(vs, {"c": b"three"}), author="ann")
    before = packs(vs)
    done = collect_garbage(vs, grace_s=0)
    assert (done.dropped_packs, done.orphans, done.expired_commits) == (0, 0, 0)
    assert packs(vs) == before
    assert read_files(vs, "main~1") == {"a": b"one", "big": BIG}
    commit_staged(vs, "data", "main", message="", author="ann")
    assert read_files(vs) == {"a": b"two", "big": BIG, "c": b"three"}


def test_a_deleted_repo_leaves_nothing(vs: VersionedStore) -> None:
    commit_files(vs, {"a": b"one", "big": BIG})
    repos.delete_repo(vs, "data", author="ann")
    assert collect_garbage(vs).young_packs == 2
    tried = collect_garbage(vs, grace_s=0, dry_run=True)
    assert (tried.dropped_packs, tried.dropped_bytes) == (tried.packs, tried.bytes)
    assert packs(vs)
    done = collect_garbage(vs, grace_s=0)
    assert done.dropped_packs == tried.dropped_packs == 2
    assert packs(vs) == set()
    assert collect_garbage(vs, grace_s=0).packs == 0


def test_what_a_killed_run_left_is_removed(vs: VersionedStore) -> None:
    with vs.objects.session() as session:
        session.add_chunk(b"d" * 32, b"never made known")
        session.finish()
    assert collect_garbage(vs).orphans == 0
    assert collect_garbage(vs, grace_s=-1).orphans == 1
    assert packs(vs) == set()


def test_commits_that_no_ref_leads_to_expire(vs: VersionedStore) -> None:
    first = commit_files(vs, {"a": b"one"})
    lost = commit_files(vs, {"a": b"two"})
    branches.move_branch(vs, "data", "main", first.id, author="ann")
    assert collect_garbage(vs, grace_s=0).expired_commits == 0
    assert collect_garbage(vs, grace_s=0, unreachable_keep_s=-1).expired_commits == 0
    assert read_files(vs, lost.id) == {"a": b"two"}
    drain(vs)
    done = collect_garbage(vs, grace_s=0, unreachable_keep_s=-1)
    assert (done.expired_commits, done.dropped_packs) == (1, 2)
    assert resolve.get_commit(vs, "data", lost.id) == lost
    with pytest.raises(Expired, match="given up"):
        read_files(vs, lost.id)
    with pytest.raises(Expired):
        tags.create_tag(vs, "data", "late", lost.id, author="ann")
    with pytest.raises(Expired):
        branches.create_branch(vs, "data", "late", start=lost.id, author="ann")
    assert read_files(vs) == {"a": b"one"}


@pytest.mark.parametrize("moment", ["unexpired", "at_work", "heads", "named"])
@pytest.mark.postgres
def test_a_commit_that_lands_while_others_expire_is_kept(
    postgres_with_tables: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """PostgreSQL alone lets it land in between; whatever was looked up before does not show it."""
    with open_versioned_store(tmp_path / "home", database_url=postgres_with_tables) as vs:
        repos.create_repo(vs, "data", author="ann")
        commit_files(vs, {"a": b"one"})
        drain(vs)
        look_up = getattr(retention_rows, moment)

        def look_up_and_land(*args: object) -> object:
            found = look_up(*args)
            if moment == "unexpired":
                found = list(found)
            commit_files(vs, {"a": b"two"})
            drain(vs)
            return found

        monkeypatch.setattr(retention_rows, moment, look_up_and_land)
        monkeypatch.setattr(gc, "now_us", lambda: now_us() + 60_000_000)
        done = collect_garbage(vs, grace_s=0, unreachable_keep_s=-1)
        assert done.expired_commits == 0
        assert read_files(vs) == {"a": b"two"}


def test_rules_give_up_old_commits_of_a_branch(vs: VersionedStore) -> None:
    old = commit_files(vs, {"a": b"one"})
    kept = commit_files(vs, {"a": b"two"})
    tags.create_tag(vs, "data", "v1", kept.id, author="ann")
    commit_files(vs, {"a": b"three"})
    drain(vs)
    retention.set_rule(vs, "data", "ma*", 0, author="ann")
    assert [rule.pattern for rule in retention.list_rules(vs, "data")] == ["ma*"]
    done = collect_garbage(vs, grace_s=0, unreachable_keep_s=-1)
    assert done.expired_commits == 0, "the tag leads to all that is older"
    tags.delete_tag(vs, "data", "v1", author="ann")
    done = collect_garbage(vs, grace_s=0, unreachable_keep_s=-1)
    assert done.expired_commits == 2
    assert read_files(vs) == {"a": b"three"}
    with pytest.raises(Expired):
        read_files(vs, old.id)
    retention.remove_rule(vs, "data", "ma*")
    assert retention.list_rules(vs) == []


def test_content_that_is_gone_is_stored_again(vs: VersionedStore) -> None:
    commit_files(vs, {"a": BIG})
    repos.delete_repo(vs, "data", author="ann")
    collect_garbage(vs, grace_s=0)
    repos.create_repo(vs, "data", author="ann")
    commit_files(vs, {"a": BIG})
    assert read_files(vs) == {"a": BIG}


def test_a_write_that_relied_on_what_is_gone_does_not_land(vs: VersionedStore) -> None:
    repos.create_repo(vs, "other", author="ann")
    commit_files(vs, {"a": BIG}, repo="other")
    record = store_changes(vs, {"copy": BIG})
    repos.delete_repo(vs, "other", author="ann")
    collect_garbage(vs, grace_s=0)
    with pytest.raises(Collected):
        staging.stage(vs, "data", "main", record, author="ann")
    with pytest.raises(Collected):
        commit_changes(vs, "data", "main", record, message="", author="ann")
    assert branches.get_branch(vs, "data", "main").head is None


def test_writers_and_collectors_at_once(vs: VersionedStore) -> None:
    """Every commit that was acknowledged is whole, whatever was collected meanwhile."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def collect() -> None:
        while not stop.is_set():
            try:
                collect_garbage(vs, grace_s=0, unreachable_keep_s=-1)
            except BaseException as error:
                failures.append(error)
                return

    thread = threading.Thread(target=collect)
    thread.start()
    expected: dict[str, bytes] = {}
    try:
        for number in range(25):
            name = f"scratch{number}"
            repos.create_repo(vs, name, author="ann")
            content = bytes([number % 5]) * 100_000
            for repo, path in ((name, "a"), ("data", f"{number}")):
                while True:
                    try:
                        commit_files(vs, {path: content}, repo=repo)
                    except Collected:
                        continue
                    break
            expected[f"{number}"] = content
            repos.delete_repo(vs, name, author="ann")
    finally:
        stop.set()
        thread.join()
    assert not failures
    collect_garbage(vs, grace_s=0)
    assert read_files(vs) == expected
