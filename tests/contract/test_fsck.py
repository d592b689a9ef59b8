"""What a check of the store finds, and what it repairs, on both databases."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from datavc.db import tables
from datavc.store.key import PACK_PREFIX
from datavc.versioning import repos, staging
from datavc.versioning.fsck import check_store
from datavc.versioning.usage import usage_of_commit, usage_of_repos
from datavc.versioning.versioned_store import VersionedStore
from tests.services.small_store import commit_files, store_changes

BIG = random.Random(1).randbytes(300_000)


@pytest.fixture
def vs(empty_store: VersionedStore) -> VersionedStore:
    repos.create_repo(empty_store, "data", author="ann")
    commit_files(empty_store, {"a": b"one", "big": BIG, "run": b"x" * 100})
    commit_files(empty_store, {"a": b"two"})
    change_set = store_changes(empty_store, {"c": b"3"})
    staging.stage(empty_store, "data", "main", change_set, author="ann")
    return empty_store


def paths(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "home" / "store" / PACK_PREFIX).rglob("*.pack"))


def spoil(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)


def test_a_sound_store(vs: VersionedStore) -> None:
    found = check_store(vs, deep=True)
    assert found.problems == ()
    assert (found.commits, found.packs) == (2, 5)
    # The change sets of the two commits are not needed any more.
    assert found.used_records == found.records - 2
    assert found.bytes_read == sum(one.size for one in vs.objects.backend.list(PACK_PREFIX))


def test_each_lost_pack_is_named(vs: VersionedStore, tmp_path: Path) -> None:
    for path in paths(tmp_path):
        data = path.read_bytes()
        path.unlink()
        found = check_store(vs)
        assert path.stem in {problem.subject for problem in found.problems}
        path.write_bytes(data)
    assert check_store(vs).problems == ()


def test_a_flipped_bit_is_found_by_reading_everything(vs: VersionedStore, tmp_path: Path) -> None:
    largest = max(paths(tmp_path), key=lambda path: path.stat().st_size)
    spoil(largest, 5000)
    assert check_store(vs).problems == ()
    found = check_store(vs, deep=True)
    assert {(one.kind, one.subject) for one in found.problems} == {("record", largest.stem)}


def test_a_changed_commit_is_found(vs: VersionedStore) -> None:
    with vs.db.write() as conn:
        conn.execute(update(tables.Commit).values(message="forged"))
    found = check_store(vs)
    assert [one.text for one in found.problems] == ["its facts do not give its id"] * 2


def test_the_index_is_made_anew_from_the_packs(vs: VersionedStore) -> None:
    with vs.db.write() as conn:
        rows = select(tables.Chunk.c.digest, tables.Chunk.c.size, tables.Chunk.c.offset)
        before = sorted(tuple(row) for row in conn.execute(rows))
        first = before[0][0]
        conn.execute(delete(tables.Chunk))
    found = check_store(vs, repair=True)
    assert (found.problems, found.repaired) == ((), len(before))
    with vs.db.write() as conn:
        assert sorted(tuple(row) for row in conn.execute(rows)) == before
        stray = update(tables.Chunk).where(tables.Chunk.c.digest == first).values(pack=b"?" * 16)
        conn.execute(stray)
    (problem,) = check_store(vs).problems
    assert (problem.kind, problem.text[:7]) == ("index", "1 lines")
    assert check_store(vs, repair=True).repaired == 2
    assert check_store(vs).problems == ()


def test_usage_tells_shared_from_unique(vs: VersionedStore) -> None:
    repos.create_repo(vs, "copy", author="ann")
    commit_files(vs, {"big": BIG}, repo="copy")
    copy, data = usage_of_repos(vs)
    assert (copy.name, copy.files, copy.bytes) == ("copy", 1, len(BIG))
    assert copy.unique_bytes < 1000 < len(BIG) < copy.stored_bytes
    assert copy.stored_bytes - copy.unique_bytes == data.stored_bytes - data.unique_bytes
    newest = usage_of_commit(vs, "data", "main")
    assert 0 < newest.unique_bytes < newest.stored_bytes
