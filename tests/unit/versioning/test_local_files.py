"""Walking local folders: their order, their depth, and what is remembered of them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from datavc.errors import InvalidPath
from datavc.model.link_handling import LinkHandling
from datavc.model.tree.empty import EMPTY_TREE
from datavc.versioning.branch_view import BranchView
from datavc.versioning.local_files import LocalFile, LocalFiles, LocalSource, Tally
from datavc.versioning.local_folder import STATS_SIZE, LocalFolder, read_folder
from datavc.versioning.stat_cache import FolderStats, StatCache
from datavc.versioning.versioned_store import VersionedStore

DEPTH = 1500


def files_of(
    vs: VersionedStore, source: LocalSource, cache: StatCache | None = None
) -> list[LocalFile]:
    walk = LocalFiles(
        BranchView(EMPTY_TREE, vs.nodes), cache, Tally(None), links=LinkHandling.REFUSE
    )
    found = list(walk.of(source))
    walk.close()
    return found


def test_files_come_in_the_order_of_their_paths(vs: VersionedStore, tmp_path: Path) -> None:
    for path in ("a.d/e", "a-b/c", "a0", "a1/b/c", "a1/b-c", "a1/b0"):
        (tmp_path / "in" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / path).write_bytes(b"1")
    paths = [file.target for file in files_of(vs, LocalSource(tmp_path / "in", "t", True))]
    assert paths == ["t/a-b/c", "t/a.d/e", "t/a0", "t/a1/b-c", "t/a1/b/c", "t/a1/b0"]
    assert paths == sorted(paths)


@pytest.fixture
def deep_folder(tmp_path: Path) -> Iterator[Path]:
    """A file in a folder deeper than Python nests calls."""
    top = tmp_path / "deep"
    top.mkdir()
    handle = os.open(top, os.O_RDONLY)
    for _ in range(DEPTH):
        os.mkdir("d", dir_fd=handle)
        inner = os.open("d", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = inner
    os.close(os.open("f", os.O_WRONLY | os.O_CREAT, dir_fd=handle))
    os.close(handle)
    yield top
    # Python's own way nests calls as well.
    subprocess.run(["rm", "-rf", top], check=True)


def test_folders_may_be_deep(vs: VersionedStore, deep_folder: Path) -> None:
    (file,) = files_of(vs, LocalSource(deep_folder, "", True))
    assert file.target == "d/" * DEPTH + "f"
    with pytest.raises(InvalidPath, match="longer than 4096"):
        files_of(vs, LocalSource(deep_folder, "x/" * 600 + "x", True))


def test_times_before_1970_are_kept_apart(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"1")
    seen = set[bytes]()
    for time in (-1, -2, 0, 2**62):
        os.utime(file, ns=(time, time))
        seen.add(read_folder(str(tmp_path), links=LinkHandling.REFUSE).stats)
    assert len(seen) == 4


def test_what_is_as_it_was_is_told_file_by_file() -> None:
    def stats(*numbers: int) -> bytes:
        return b"".join(bytes([number]) * STATS_SIZE for number in numbers)

    def digests(*numbers: int) -> bytes:
        return b"".join(bytes([number]) * 32 for number in numbers)

    known = FolderStats("", ["a", "b", "c"], stats(1, 2, 3), digests(7, 8, 9))
    same = LocalFolder("", ["a", "b", "c"], stats(1, 2, 3), [])
    assert known.carry_over(same) == (digests(7, 8, 9), [])
    changed, unknown = known.carry_over(LocalFolder("", ["a", "b", "c"], stats(1, 5, 3), []))
    assert (changed[:32], changed[64:], unknown) == (digests(7), digests(9), [1])
    moved = LocalFolder("", ["0", "a", "c", "d"], stats(1, 1, 4, 3), [])
    assert known.carry_over(moved) == (digests(0, 7, 0, 0), [0, 2, 3])


def test_what_another_run_remembers_does_not_count_as_in_step(
    vs: VersionedStore, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(b"1")

    def remember(cache: StatCache) -> None:
        writer = cache.write(2**63)
        folder = read_folder(str(tmp_path / "in"), links=LinkHandling.REFUSE)
        writer.add(FolderStats("", folder.names, folder.stats, bytes(32)))
        writer.close()

    def in_step(cache: StatCache) -> bool:
        remembered = cache.read()
        try:
            return cache.is_synced(remembered, b"t" * 32)
        finally:
            remembered.close()

    mine, other = (StatCache(tmp_path / "cache", tmp_path / "in", "x") for _ in range(2))
    remember(mine)
    assert not in_step(mine)
    mine.set_synced_tree(b"t" * 32)
    assert in_step(mine)
    assert in_step(other)
    remember(other)
    mine.set_synced_tree(b"t" * 32)
    assert not in_step(mine)
