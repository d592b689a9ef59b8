"""What collections remember: the next one costs what has changed, and nothing goes by mistake."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from datavc.db import outbox
from datavc.errors import LostRace
from datavc.model.collection import Collection
from datavc.store.backends.local import LocalBackend
from datavc.versioning import branches, repos, retention, root_marks, staging
from datavc.versioning.fsck import check_store
from datavc.versioning.gc import collect_garbage
from datavc.versioning.mark_file import open_kept
from datavc.versioning.reachability import Reachability
from datavc.versioning.versioned_store import VersionedStore
from tests.services.all_marks import marked
from tests.services.small_store import commit_files, read_files, store_changes

MANY = {f"folder-{at % 37:02}/file-{at:05}": b"%d" % at for at in range(3000)}
BIG = os.urandom(9_000_000)


@pytest.fixture
def vs(empty_store: VersionedStore) -> VersionedStore:
    repos.create_repo(empty_store, "data", author="ann")
    repos.create_repo(empty_store, "other", author="ann")
    return empty_store


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Digests of the tree nodes that collections walk."""
    digests: list[bytes] = []
    nodes = Reachability._nodes

    def count(self: Reachability, batch: list[root_marks.Step]) -> Iterator[object]:
        digests.extend(step.digest for step in batch)
        return nodes(self, batch)

    monkeypatch.setattr(Reachability, "_nodes", count)
    return digests


def collect(vs: VersionedStore) -> Collection:
    with vs.db.write() as conn:
        events = outbox.claim(conn, "nobody", 60)
        outbox.ack(conn, "nobody", [event.id for event in events])
    return collect_garbage(vs, grace_s=-1, unreachable_keep_s=-1, dead_bytes=10_000)


def test_a_run_walks_what_has_changed(vs: VersionedStore, walked: list[bytes]) -> None:
    commit_files(vs, MANY)
    collect(vs)
    assert len(walked) > 15
    walked.clear()
    commit_files(vs, {"folder-03/file-00003": b"changed"})
    collect(vs)
    assert 1 <= len(walked) <= 4
    walked.clear()
    collect(vs)
    assert walked == []
    retention.set_rule(vs, "data", "main", 0, author="ann")
    done = collect(vs)
    assert done.expired_commits == 1
    assert 1 <= len(walked) <= 4, "what only the old commit led to is taken off"
    assert marked(vs) == marked(vs, anew=True)
    assert read_files(vs) == MANY | {"folder-03/file-00003": b"changed"}


def test_staging_that_lands_and_branches_that_go(vs: VersionedStore) -> None:
    commit_files(vs, MANY)
    branches.create_branch(vs, "data", "side", start="main", author="ann")
    commit_files(vs, {"big": BIG}, branch="side")
    staging.stage(vs, "data", "main", store_changes(vs, {"a": BIG, "b": b"b"}), author="ann")
    collect(vs)
    branches.delete_branch(vs, "data", "side", author="ann")
    assert collect(vs).expired_commits == 1
    assert marked(vs) == marked(vs, anew=True)
    repos.delete_repo(vs, "data", author="ann", force=True)
    collect(vs)
    collect(vs)
    assert marked(vs) == ({}, {})
    assert list(vs.objects.backend.list()) == []


def test_a_killed_run_goes_on_where_it_was(
    vs: VersionedStore, walked: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(3):
        commit_files(vs, {f"{at}/{path}": data for path, data in MANY.items()})
    monkeypatch.setattr(root_marks, "_SAVED_EVERY_S", 0)
    whole = Reachability._walk_nodes
    left = 4

    def walk(self: Reachability, batch: list[root_marks.Step]) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise KeyboardInterrupt
        whole(self, batch)

    with monkeypatch.context() as killed:
        killed.setattr(Reachability, "_walk_nodes", walk)
        with pytest.raises(KeyboardInterrupt):
            collect(vs)
    before = len(set(walked))
    assert before > 2
    collect(vs)
    assert len(walked) == len(set(walked)), "nothing is walked twice"
    assert len(walked) > before
    assert marked(vs) == marked(vs, anew=True)


def test_what_another_host_collected_is_no_error(vs: VersionedStore, tmp_path: Path) -> None:
    other = dataclasses.replace(vs, marks=tmp_path / "elsewhere" / "marks.db")
    commit_files(vs, {"a": BIG, "b": b"b"}, repo="other")
    commit_files(vs, {"keep": BIG[:3_000_000]})
    collect(vs)
    repos.delete_repo(vs, "other", author="ann")
    assert collect(other).dropped_packs >= 1
    commit_files(vs, {"more": BIG[3_000_000:6_000_000]})
    # The nodes of the deleted repo's trees are gone, so they cannot be taken off one by one.
    collect(vs)
    assert marked(vs) == marked(vs, anew=True) == marked(other)
    assert check_store(vs, deep=True).is_sound


def test_a_restored_database_knows_no_move(vs: VersionedStore, tmp_path: Path) -> None:
    """Kept marks say that records lie in a pack which the database, as restored, never had."""
    commit_files(vs, {"a/keep": BIG[:3_000_000], "b/gone": BIG[3_000_000:]}, repo="other")
    commit_files(vs, {"keep": BIG[:3_000_000]})
    collect(vs)
    older = dataclasses.replace(vs, marks=tmp_path / "elsewhere" / "marks.db")
    with open_kept(older.marks) as file:  # type: ignore[union-attr]
        file.execute("INSERT INTO packs VALUES (1, ?, 1, 0, 1)", (b"m" * 16,))
    assert marked(older) == marked(vs, anew=True)


@pytest.mark.parametrize("damage", [b"no database", b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_damaged_file_is_made_anew(vs: VersionedStore, damage: bytes) -> None:
    commit_files(vs, {"a": b"one"})
    collect(vs)
    vs.marks.write_bytes(damage)
    collect(vs)
    assert marked(vs) == marked(vs, anew=True)
    assert read_files(vs) == {"a": b"one"}


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE packs SET names = 0",
        "UPDATE packs SET bytes = NULL; DELETE FROM records",
        "UPDATE packs SET bytes = 0; UPDATE records SET mark = mark + 1",
    ],
)
def test_nothing_goes_by_marks_that_were_changed(vs: VersionedStore, damage: str) -> None:
    commit_files(vs, {"a": BIG, "b": b"b"})
    collect(vs)
    file = open_kept(vs.marks)
    assert file is not None
    file.executescript(damage)
    file.close()
    with pytest.raises(LostRace, match="damaged; nothing went by it"):
        collect(vs)
    assert collect(vs).dropped_packs == 0
    assert read_files(vs) == {"a": BIG, "b": b"b"}
    assert check_store(vs, deep=True).is_sound


def test_a_file_in_use_is_left_alone(vs: VersionedStore) -> None:
    commit_files(vs, {"a": b"one"})
    collect(vs)
    held = open_kept(vs.marks)
    assert held is not None
    assert open_kept(vs.marks) is None
    commit_files(vs, {"a": b"two"})
    collect(vs)
    held.close()
    assert marked(vs) == marked(vs, anew=True)


def test_repair_lets_the_next_run_mark_anew(vs: VersionedStore, walked: list[bytes]) -> None:
    commit_files(vs, MANY)
    collect(vs)
    check_store(vs, repair=True)
    walked.clear()
    collect(vs)
    assert len(walked) > 15


def test_reads_do_not_grow_with_packs(vs: VersionedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packs in which all is in use are not looked into."""
    for at in range(8):
        commit_files(vs, {f"big-{at}": os.urandom(1_100_000)})
    collect(vs)
    sizes: list[str] = []
    size = LocalBackend.size
    monkeypatch.setattr(LocalBackend, "size", lambda s, key: sizes.append(key) or size(s, key))  # type: ignore[func-returns-value]
    collect(vs)
    assert sizes == []
