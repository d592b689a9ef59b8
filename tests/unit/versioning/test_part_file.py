"""Files that get their name when they are complete."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from datavc.versioning import part_file
from datavc.versioning.part_file import PartFile


@pytest.fixture(params=["nameless", "named"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, on systems with files that have no name and on others."""
    if request.param == "named":
        monkeypatch.setattr(part_file, "_NAMELESS", 0)
    made = tmp_path / "folder"
    made.mkdir()
    return made


def test_a_part_is_never_seen_under_the_name(folder: Path) -> None:
    with PartFile(str(folder / "a"), 0o666) as part:
        os.write(part.handle, b"12")
        assert not (folder / "a").exists()
        part.keep()
    assert os.listdir(folder) == ["a"]
    assert (folder / "a").read_bytes() == b"12"


def test_a_file_or_link_of_that_name_is_replaced_whole(folder: Path) -> None:
    (folder / "a").write_bytes(b"old")
    (folder / "b").symlink_to("a")
    for name in ("a", "b"):
        with PartFile(str(folder / name), 0o666) as part:
            os.write(part.handle, f"new {name}".encode())
            assert (folder / "a").read_bytes() != b"new b"
            part.keep()
    assert sorted(os.listdir(folder)) == ["a", "b"]
    assert ((folder / "a").read_bytes(), (folder / "b").read_bytes()) == (b"new a", b"new b")
    assert not (folder / "b").is_symlink()


def test_what_is_not_kept_leaves_nothing(folder: Path) -> None:
    (folder / "a").write_bytes(b"old")
    with PartFile(str(folder / "a"), 0o666) as part:
        os.write(part.handle, b"new")
    assert os.listdir(folder) == ["a"]
    assert (folder / "a").read_bytes() == b"old"


def test_permissions_are_those_asked_for(folder: Path) -> None:
    old = os.umask(0o022)
    try:
        for name, mode in (("plain", 0o666), ("runs", 0o777)):
            with PartFile(str(folder / name), mode) as part:
                part.keep()
    finally:
        os.umask(old)
    assert (folder / "plain").stat().st_mode & 0o777 == 0o644
    assert (folder / "runs").stat().st_mode & 0o777 == 0o755


def test_a_folder_in_the_way_stays(folder: Path) -> None:
    (folder / "a").mkdir()
    with pytest.raises(OSError, match="Is a directory"), PartFile(str(folder / "a"), 0o666) as part:
        part.keep()
    assert os.listdir(folder) == ["a"]


def test_a_folder_that_is_not_there_is_told(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        PartFile(str(folder / "none" / "a"), 0o666)
