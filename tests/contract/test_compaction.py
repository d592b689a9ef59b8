"""Rewriting packs on both databases: nothing in use is lost, no id changes, readers find it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from datavc.db import outbox
from datavc.db import packs as pack_rows
from datavc.db.session import Database
from datavc.db.tables import UpkeepTurn
from datavc.errors import Collected, Conflict, Purged
from datavc.model.collection import Collection
from datavc.model.ids import digest_of
from datavc.store.backend import Backend, ObjectWriter
from datavc.store.backends.local import LocalBackend
from datavc.store.key import MOVES_PREFIX, PACK_PREFIX
from datavc.store.objects import ObjectStore
from datavc.versioning import branches, gc, pack_rewrite, purge, repos, staging
from datavc.versioning.commits import commit_staged
from datavc.versioning.fsck import check_store
from datavc.versioning.gc import collect_garbage
from datavc.versioning.merges import merge
from datavc.versioning.upkeep_turn import upkeep_turn
from datavc.versioning.versioned_store import VersionedStore
from tests.services.small_store import commit_files, read_files, store_changes

KEPT, GONE = os.urandom(3_000_000), os.urandom(9_000_000)
OTHER = os.urandom(100_000)


@pytest.fixture
def vs(empty_store: VersionedStore) -> VersionedStore:
    for name in ("data", "scratch"):
        repos.create_repo(empty_store, name, author="ann")
    return empty_store


def keep_a_part(vs: VersionedStore) -> None:
    """One pack, of which only the part that ``data`` shares is left in use."""
    commit_files(vs, {"a/keep": KEPT, "b/gone": GONE}, repo="scratch")
    commit_files(vs, {"keep": KEPT, "note": b"small"})
    repos.delete_repo(vs, "scratch", author="ann")
    with vs.db.write() as conn:
        events = outbox.claim(conn, "nobody", 60)
        outbox.ack(conn, "nobody", [event.id for event in events])


def collect(vs: VersionedStore) -> Collection:
    return collect_garbage(vs, grace_s=0, unreachable_keep_s=-1, dead_bytes=10_000)


def stored(vs: VersionedStore) -> int:
    return sum(found.size for found in vs.objects.backend.list(PACK_PREFIX))


def moves(vs: VersionedStore) -> int:
    return len(list(vs.objects.backend.list(MOVES_PREFIX)))


def test_what_is_not_in_use_leaves_its_pack(vs: VersionedStore) -> None:
    keep_a_part(vs)
    head = branches.get_branch(vs, "data", "main").head
    before = stored(vs)
    planned = collect_garbage(vs, grace_s=0, dead_bytes=10_000, dry_run=True)
    assert stored(vs) == before
    done = collect(vs)
    assert done.rewritten_packs == planned.rewritten_packs == 1
    assert done.rewritten_bytes >= len(GONE)
    assert stored(vs) < before - len(GONE) + 100_000
    assert read_files(vs) == {"keep": KEPT, "note": b"small"}
    assert branches.get_branch(vs, "data", "main").head == head
    assert check_store(vs, deep=True).is_sound
    assert collect(vs).rewritten_packs == 0
    assert read_files(vs) == {"keep": KEPT, "note": b"small"}


def test_a_reader_that_never_met_the_move_finds_it(vs: VersionedStore, tmp_path: Path) -> None:
    keep_a_part(vs)
    collect(vs)
    fresh = ObjectStore(LocalBackend(tmp_path / "home" / "store"))
    with vs.db.read() as conn:
        (old,) = pack_rows.list_moved(conn)
    assert not fresh.moved.knows(old)
    vs.objects.moved = fresh.moved
    assert read_files(vs) == {"keep": KEPT, "note": b"small"}
    assert fresh.moved.knows(old)


def test_a_pack_is_rewritten_twice(vs: VersionedStore) -> None:
    keep_a_part(vs)
    collect(vs)
    commit_files(vs, {"keep": None, "half": KEPT[: len(KEPT) // 2]})
    first = branches.get_branch(vs, "data", "main").head
    assert first is not None
    repos.create_repo(vs, "copy", author="ann")
    commit_files(vs, {"half": KEPT[: len(KEPT) // 2]}, repo="copy")
    repos.delete_repo(vs, "data", author="ann")
    done = collect(vs)
    assert done.rewritten_packs + done.dropped_packs >= 1
    assert read_files(vs, repo="copy") == {"half": KEPT[: len(KEPT) // 2]}
    assert check_store(vs, deep=True).is_sound


def test_moves_go_when_nothing_names_the_pack(vs: VersionedStore) -> None:
    keep_a_part(vs)
    collect(vs)
    assert moves(vs) == 1
    repos.delete_repo(vs, "data", author="ann")
    collect(vs)
    collect(vs)
    assert moves(vs) == 0
    assert stored(vs) == 0


def test_a_write_that_looked_up_what_is_dropped_is_made_again(vs: VersionedStore) -> None:
    keep_a_part(vs)
    record = store_changes(vs, {"late": GONE})
    collect(vs)
    with pytest.raises(Collected):
        staging.stage(vs, "data", "main", record, author="ann")
    staging.stage(vs, "data", "main", store_changes(vs, {"late": GONE}), author="ann")
    commit_staged(vs, "data", "main", message="", author="ann")
    assert read_files(vs)["late"] == GONE


def test_what_is_staged_and_merged_by_its_old_place_lands(vs: VersionedStore) -> None:
    commit_files(vs, {"a/keep": KEPT, "b/gone": GONE}, repo="scratch")
    commit_files(vs, {"first": OTHER})
    branches.create_branch(vs, "data", "side", start="main", author="ann")
    commit_files(vs, {"keep": KEPT}, branch="side")
    commit_files(vs, {"mine": b"mine"})
    staging.stage(vs, "data", "main", store_changes(vs, {"staged": KEPT}), author="ann")
    repos.delete_repo(vs, "scratch", author="ann")
    assert collect(vs).rewritten_packs == 1
    commit_staged(vs, "data", "main", message="", author="ann")
    merge(vs, "data", "side", "main", author="ann")
    expected = {"first": OTHER, "mine": b"mine", "staged": KEPT, "keep": KEPT}
    assert read_files(vs) == expected


def test_a_record_that_comes_into_use_meanwhile_is_kept(
    vs: VersionedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_a_part(vs)
    plan = gc.plan_compaction

    def plan_and_land(*args: object, **options: object) -> object:
        found = plan(*args, **options)  # type: ignore[arg-type]
        commit_files(vs, {"back": GONE})
        return found

    monkeypatch.setattr(gc, "plan_compaction", plan_and_land)
    assert collect(vs).rewritten_packs == 0
    assert moves(vs) == 0
    assert read_files(vs) == {"keep": KEPT, "note": b"small", "back": GONE}


@pytest.mark.parametrize("step", ["_land", "delete"])
def test_a_run_that_is_killed_is_completed(
    vs: VersionedStore, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    keep_a_part(vs)

    def die(*args: object) -> object:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        if step == "_land":
            broken.setattr(pack_rewrite, "_land", die)
        else:
            broken.setattr(vs.objects.backend, "delete", die, raising=False)
        with pytest.raises(KeyboardInterrupt):
            collect(vs)
    assert read_files(vs) == {"keep": KEPT, "note": b"small"}
    collect_garbage(vs, grace_s=-1, unreachable_keep_s=-1, dead_bytes=10_000)
    assert read_files(vs) == {"keep": KEPT, "note": b"small"}
    assert stored(vs) < len(KEPT) + 1_000_000
    assert moves(vs) == 1
    assert check_store(vs, deep=True).is_sound


def test_one_at_a_time_looks_after_the_store(vs: VersionedStore) -> None:
    with upkeep_turn(vs), pytest.raises(Conflict, match="looked after already"):
        collect(vs)
    collect(vs)


class Suspending:
    """A backend whose first pack in the making waits while another run looks after the store."""

    def __init__(self, inner: Backend, meanwhile: Callable[[], None]) -> None:
        self._inner = inner
        self._meanwhile: Callable[[], None] | None = meanwhile

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def open_writer(self, key: str) -> ObjectWriter:
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return self._inner.open_writer(key)


def lose_turn(vs: VersionedStore) -> None:
    """As when whoever has the turn is suspended for so long that it is over."""
    with vs.db.write() as conn:
        conn.execute(delete(UpkeepTurn))


def test_a_purge_that_lost_its_turn_says_so_and_not_that_a_pack_is_missing(
    vs: VersionedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_a_part(vs)
    whole = pack_rows.pages
    suspended = [True]

    def pages(database: Database, size: int) -> Iterator[list[pack_rows.PackRow]]:
        found = list(whole(database, size))
        if suspended:
            suspended.clear()
            lose_turn(vs)
            assert collect(vs).rewritten_packs == 1
        yield from found

    monkeypatch.setattr(pack_rows, "pages", pages)
    with pytest.raises(Conflict, match="another one took its turn"):
        purge.purge(vs, {digest_of(KEPT)}, subject="keep", author="dpo")
    assert read_files(vs) == {"keep": KEPT, "note": b"small"}
    purge.purge(vs, {digest_of(KEPT)}, subject="keep", author="dpo")
    assert check_store(vs, deep=True).is_sound


@pytest.mark.parametrize("purged", [False, True])
def test_a_run_that_lost_its_turn_spoils_nothing(
    vs: VersionedStore, monkeypatch: pytest.MonkeyPatch, purged: bool
) -> None:
    keep_a_part(vs)
    commit_files(vs, {"secret": OTHER, "note": b"small"})
    backend = vs.objects.backend

    def meanwhile() -> None:
        monkeypatch.setattr(vs.objects, "backend", backend)
        lose_turn(vs)
        if purged:
            purge.purge(vs, {digest_of(KEPT)}, subject="keep", author="dpo")
        assert collect(vs).rewritten_packs == (0 if purged else 1)

    monkeypatch.setattr(vs.objects, "backend", Suspending(backend, meanwhile))
    with pytest.raises(Conflict, match="another one took its turn"):
        collect(vs)
    # What the first one wrote goes, too.
    collect_garbage(vs, grace_s=-1, unreachable_keep_s=-1, dead_bytes=10_000)
    vs.objects.moved = ObjectStore(backend).moved
    if purged:
        with pytest.raises(Purged):
            read_files(vs)
    else:
        assert read_files(vs) == {"keep": KEPT, "note": b"small", "secret": OTHER}
    assert check_store(vs, deep=True).is_sound


def test_a_long_file_is_put_again_after_its_chunks_were_moved(
    vs: VersionedStore, tmp_path: Path
) -> None:
    # Its list of chunks lies in a pack of its own, and names the one that is rewritten.
    long = os.urandom(9_000_000)
    commit_files(vs, {"all": long + GONE}, repo="scratch")
    commit_files(vs, {"long": long})
    repos.delete_repo(vs, "scratch", author="ann")
    with vs.db.write() as conn:
        events = outbox.claim(conn, "nobody", 60)
        outbox.ack(conn, "nobody", [event.id for event in events])
    assert collect(vs).rewritten_packs == 1
    commit_files(vs, {"again": long})
    assert read_files(vs) == {"long": long, "again": long}
