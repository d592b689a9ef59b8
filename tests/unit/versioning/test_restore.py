"""Trees to local folders: whole, resumed, and never outside the target."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from datavc.errors import DataCorrupt, InvalidPath, OutOfSpace
from datavc.model.tree.scan import scan
from datavc.versioning import restore
from datavc.versioning.resolve import get_tree
from datavc.versioning.restore import Restored, restore_file, restore_files
from datavc.versioning.versioned_store import VersionedStore
from tests.services.small_store import commit_files

LARGE = bytes(range(256)) * 40_000
FILES: dict[str, bytes | None] = {
    "a": b"1",
    "empty": b"",
    "d/e/f": b"22",
    "d/g": LARGE,
    "h": b"",
} | {f"many/{n:04d}": str(n).encode() for n in range(1200)}


def get(vs: VersionedStore, target: Path) -> Restored:
    return restore_files(vs.objects, scan(get_tree(vs, "data", "main"), vs.nodes), target)


def read(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def filled(vs: VersionedStore) -> VersionedStore:
    commit_files(vs, FILES)
    return vs


def test_everything_comes_back(filled: VersionedStore, tmp_path: Path) -> None:
    progress: list[int] = []
    done = restore_files(
        filled.objects,
        scan(get_tree(filled, "data", "main"), filled.nodes),
        tmp_path / "new" / "out",
        progress=lambda files, _: progress.append(files),
    )
    assert read(tmp_path / "new" / "out") == FILES
    assert (done.files, done.kept, sum(progress)) == (1205, 0, 1205)


def test_a_second_run_keeps_what_is_the_same(filled: VersionedStore, tmp_path: Path) -> None:
    out = tmp_path / "out"
    get(filled, out)
    (out / "a").write_bytes(b"2")
    (out / "d/g").write_bytes(LARGE[:-1] + b"?")
    (out / "many/0007").unlink()
    (out / "mine").write_bytes(b"stays")
    inode = (out / "d/e/f").stat().st_ino
    assert get(filled, out).kept == 1202
    assert read(out) == FILES | {"mine": b"stays"}
    assert (out / "d/e/f").stat().st_ino == inode


def test_the_executable_bit_is_kept(vs: VersionedStore, tmp_path: Path) -> None:
    from dataclasses import replace

    commit_files(vs, {"run": b"#!/bin/sh\n"})
    ((path, entry),) = scan(get_tree(vs, "data", "main"), vs.nodes)
    out = tmp_path / "out"
    restore_files(vs.objects, [(path, entry)], out)
    assert not os.access(out / "run", os.X_OK)
    restore_files(vs.objects, [(path, replace(entry, executable=True))], out)
    assert (out / "run").stat().st_mode & 0o100


def test_links_in_the_target_are_never_followed(filled: VersionedStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"keep me")
    out = tmp_path / "out"
    out.mkdir()
    (out / "a").symlink_to(outside / "secret")
    get(filled, out)
    assert (outside / "secret").read_bytes() == b"keep me"
    assert (out / "a").read_bytes() == b"1"
    assert not (out / "a").is_symlink()
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "d").symlink_to(outside, target_is_directory=True)
    with pytest.raises(InvalidPath, match="d' is not a folder"):
        get(filled, linked)
    assert os.listdir(outside) == ["secret"]


def test_a_folder_in_the_way_is_named(filled: VersionedStore, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "a").mkdir(parents=True)
    with pytest.raises(InvalidPath, match="a' is a folder"):
        get(filled, out)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InvalidPath, match="file' is not a folder"):
        get(filled, tmp_path / "file")


def test_names_that_fold_are_refused_before_anything_is_written(
    vs: VersionedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_files(vs, {"Readme": b"1", "readme": b"2"})
    monkeypatch.setattr(restore, "folds_case", lambda folder: True)
    with pytest.raises(InvalidPath, match="/Readme and /readme are one name"):
        get(vs, tmp_path / "out")
    assert os.listdir(tmp_path / "out") == []


def test_a_full_disk_is_told_and_the_run_can_go_on(
    filled: VersionedStore, small_disk: Path, tmp_path: Path
) -> None:
    with pytest.raises(OutOfSpace, match="no space"):
        get(filled, small_disk / "out")
    assert not [name for name in os.listdir(small_disk / "out") if name.endswith(".part")]


def test_damaged_bytes_are_never_written(filled: VersionedStore, tmp_path: Path) -> None:
    ((_, entry),) = (
        found for found in scan(get_tree(filled, "data", "main"), filled.nodes) if found[0] == "d/g"
    )
    place = entry.refs[0].location
    (pack,) = (tmp_path / "home" / "store").rglob(f"{place.pack.hex()}*")
    pack.chmod(0o600)
    with pack.open("r+b") as file:
        file.seek(place.offset + place.length - 4)
        file.write(b"\0\1\2\3")
    target = tmp_path / "g"
    with pytest.raises(DataCorrupt, match=place.pack.hex()):
        restore_file(filled.objects, entry, target)
    assert not target.exists()


def test_one_file(filled: VersionedStore, tmp_path: Path) -> None:
    ((_, entry),) = scan(get_tree(filled, "data", "main"), filled.nodes, "d/g")
    assert restore_file(filled.objects, entry, tmp_path / "g").kept == 0
    assert (tmp_path / "g").read_bytes() == LARGE
    assert restore_file(filled.objects, entry, tmp_path / "g").kept == 1
