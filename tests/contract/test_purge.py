"""Purging on both databases: the bytes are gone from every object, and all else is as it was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from datavc.db import packs as pack_rows
from datavc.db.session import Database
from datavc.errors import InvalidInput, NotFound, Purged
from datavc.model.ids import digest_of
from datavc.model.tree.lookup import lookup
from datavc.store.content import read_content
from datavc.versioning import branches, history, pack_rewrite, purge, repos, staging
from datavc.versioning.commits import commit_staged
from datavc.versioning.fsck import check_store
from datavc.versioning.gc import collect_garbage
from datavc.versioning.merges import merge
from datavc.versioning.resolve import get_tree
from datavc.versioning.versioned_store import VersionedStore
from tests.services.small_store import commit_files, read_files, store_changes

ANN = b"ann's number is 0151 2345; " + os.urandom(40)
ANN_LATER = b"ann's number is 0151 9999; " + os.urandom(40)
BIG = os.urandom(9_000_000)
LARGER = BIG + os.urandom(2_000_000)


@pytest.fixture
def vs(empty_store: VersionedStore) -> VersionedStore:
    repos.create_repo(empty_store, "data", author="ann")
    repos.create_repo(empty_store, "copies", author="ann")
    return empty_store


def read(vs: VersionedStore, path: str, ref: str = "main", repo: str = "data") -> bytes:
    entry = lookup(get_tree(vs, repo, ref), path, vs.nodes)
    assert entry is not None
    return b"".join(read_content(vs.objects, entry))


def is_anywhere(home: Path, content: bytes) -> bool:
    return any(content in path.read_bytes() for path in home.rglob("*") if path.is_file())


def purge_path(vs: VersionedStore, path: str, **options: bool) -> purge.PurgeResult:
    digests = purge.contents_at(vs, "data", path)
    return purge.purge(vs, digests, subject=f"data:/{path}", author="dpo", **options)


def test_all_that_ever_stood_at_a_path_goes(vs: VersionedStore, tmp_path: Path) -> None:
    commit_files(vs, {"ann": ANN, "bob": b"bob"})
    commit_files(vs, {"ann": ANN_LATER})
    commit_files(vs, {"dir/copy": ANN, "eve": b"eve"}, repo="copies")
    log = [commit.id for commit in history.log(vs, "data", "main")]
    planned = purge_path(vs, "ann", dry_run=True)
    assert read(vs, "ann") == ANN_LATER
    assert purge.list_purges(vs) == []
    done = purge_path(vs, "ann")
    assert [(one.repo, one.path) for one in done.places] == [
        ("copies", "dir/copy"),
        ("data", "ann"),
    ]
    assert (done.purge.contents, done.purge.freed_bytes) == (2, planned.purge.freed_bytes)
    assert not is_anywhere(tmp_path / "home" / "store", ANN)
    assert not is_anywhere(tmp_path / "home" / "store", ANN_LATER)
    for ref in ("main", "main~1"):
        with pytest.raises(Purged):
            read(vs, "ann", ref)
        assert read(vs, "bob", ref) == b"bob"
    assert read(vs, "eve", repo="copies") == b"eve"
    assert [commit.id for commit in history.log(vs, "data", "main")] == log
    assert check_store(vs, deep=True).is_sound
    assert [one.subject for one in purge.list_purges(vs)] == ["data:/ann"]


def test_pieces_that_other_content_shares_stay(vs: VersionedStore) -> None:
    commit_files(vs, {"big": BIG})
    commit_files(vs, {"larger": LARGER}, repo="copies")
    done = purge_path(vs, "big")
    assert done.shared_pieces > 0
    assert 0 < done.purge.freed_bytes < len(BIG)
    assert read(vs, "larger", repo="copies") == LARGER
    with pytest.raises(Purged):
        read(vs, "big")
    assert check_store(vs, deep=True).is_sound


def test_what_is_staged_and_what_nothing_names_goes(vs: VersionedStore, tmp_path: Path) -> None:
    commit_files(vs, {"ann": ANN})
    staging.stage(vs, "data", "main", store_changes(vs, {"ann": ANN_LATER}), author="ann")
    store_changes(vs, {"lost": ANN})
    purge_path(vs, "ann")
    assert not is_anywhere(tmp_path / "home" / "store", ANN)
    assert not is_anywhere(tmp_path / "home" / "store", ANN_LATER)
    commit_staged(vs, "data", "main", message="", author="ann")
    with pytest.raises(Purged):
        read(vs, "ann")


def test_the_same_content_may_be_put_again(vs: VersionedStore) -> None:
    commit_files(vs, {"ann": ANN})
    purge_path(vs, "ann")
    commit_files(vs, {"again": ANN})
    assert read(vs, "again") == ANN
    with pytest.raises(Purged):
        read(vs, "ann")


def test_life_goes_on_after_a_purge(vs: VersionedStore) -> None:
    commit_files(vs, {"big": BIG, "bob": b"bob"})
    branches.create_branch(vs, "data", "side", start="main", author="ann")
    commit_files(vs, {"side": BIG[:100]}, branch="side")
    commit_files(vs, {"mine": b"mine"})
    purge_path(vs, "big")
    merge(vs, "data", "side", "main", author="ann")
    collect_garbage(vs, grace_s=0, unreachable_keep_s=-1, dead_bytes=1)
    assert read(vs, "mine") == b"mine"
    with pytest.raises(Purged):
        read(vs, "big")
    commit_files(vs, {"big": None})
    assert read_files(vs, repo="data") == {"bob": b"bob", "mine": b"mine", "side": BIG[:100]}
    assert purge_path(vs, "big").purge.freed_bytes == 0


def test_one_content_wherever_it_stands(vs: VersionedStore, tmp_path: Path) -> None:
    commit_files(vs, {"ann": ANN, "bob": b"bob"})
    done = purge.purge(vs, {digest_of(ANN)}, subject="x", author="dpo")
    assert done.purge.contents == 1
    assert not is_anywhere(tmp_path / "home" / "store", ANN)


def test_what_is_not_there_is_said_so(vs: VersionedStore) -> None:
    commit_files(vs, {"ann": ANN})
    with pytest.raises(NotFound, match="has anything at '/eve'"):
        purge_path(vs, "eve")
    with pytest.raises(NotFound, match="nothing that is kept"):
        purge.purge(vs, {digest_of(b"never")}, subject="x", author="dpo")
    with pytest.raises(InvalidInput, match="all of the repo"):
        purge_path(vs, "")


def test_a_purge_that_was_cut_off_is_completed_by_the_next(
    vs: VersionedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_files(vs, {"ann": ANN, "bob": b"bob"})

    def die(_key: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(vs.objects.backend, "delete", die, raising=False)
        with pytest.raises(KeyboardInterrupt):
            purge_path(vs, "ann")
    assert is_anywhere(tmp_path / "home" / "store", ANN)
    purge_path(vs, "ann")
    assert not is_anywhere(tmp_path / "home" / "store", ANN)
    with pytest.raises(Purged):
        read(vs, "ann")
    assert read(vs, "bob") == b"bob"
    assert check_store(vs, deep=True).is_sound


def test_a_run_that_was_killed_leaves_nothing_that_the_next_one_does_not_find(
    vs: VersionedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pieces of LARGER lie in two packs, and only its list, in the second one, tells of all."""
    commit_files(vs, {"big": BIG}, repo="copies")
    commit_files(vs, {"larger": LARGER})
    repos.delete_repo(vs, "copies", author="ann")
    whole = pack_rows.pages

    def newest_first(database: Database, size: int) -> Iterator[list[pack_rows.PackRow]]:
        yield [row for page in whole(database, size) for row in page][::-1]

    land = pack_rewrite._land
    landed: list[bool] = []

    def land_once(*args: object) -> bool:
        if landed:
            raise KeyboardInterrupt
        landed.append(land(*args))  # type: ignore[arg-type]
        return True

    monkeypatch.setattr(pack_rewrite, "_MOST", 1)
    monkeypatch.setattr(pack_rows, "pages", newest_first)
    with monkeypatch.context() as killed:
        killed.setattr(pack_rewrite, "_land", land_once)
        with pytest.raises(KeyboardInterrupt):
            purge_path(vs, "larger")
    purge_path(vs, "larger")
    store = tmp_path / "home" / "store"
    # The end of BIG is a piece of its own, which LARGER never had.
    for at in range(0, len(BIG) - 1_048_576, 100_000):
        assert not is_anywhere(store, LARGER[at : at + 500])
    assert check_store(vs, deep=True).is_sound
