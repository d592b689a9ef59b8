"""Folders that another process reads: the same as read here, whatever becomes of that process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from datavc.errors import SourceUnreadable
from datavc.model.link_handling import LinkHandling
from datavc.versioning import folders_ahead as module
from datavc.versioning.folders_ahead import FoldersAhead, folders_ahead
from datavc.versioning.local_folder import LocalFolder, read_ahead, read_folder, reading_since

#: In the order of paths, where a slash follows the names of folders.
FOLDERS = ["", "/a-b", "/a", "/a/x", "/a/x/y", "/a0", "/b"]
KEEP, REFUSE = LinkHandling.KEEP, LinkHandling.REFUSE


@pytest.fixture
def top(tmp_path: Path) -> str:
    root = tmp_path / "top"
    for name in FOLDERS:
        folder = Path(f"{root}{name}")
        folder.mkdir(exist_ok=True)
        for number in range(3):
            (folder / f"file-{number}").write_bytes(b"x" * number)
    (root / "b" / "link").symlink_to("elsewhere")
    return str(root)


@pytest.fixture
def ahead(top: str) -> Iterator[FoldersAhead]:
    started = FoldersAhead(top, KEEP)
    yield started
    started.close()


def test_they_are_as_if_read_here(top: str, ahead: FoldersAhead) -> None:
    for name in FOLDERS:
        assert ahead.read(top + name, KEEP) == read_folder(top + name, links=KEEP)
    assert ahead.read(f"{top}/c", KEEP) is None


def test_what_is_not_asked_for_is_dropped(top: str, ahead: FoldersAhead) -> None:
    assert ahead.read(top, KEEP) is not None
    assert ahead.read(f"{top}/a/x/y", KEEP) is not None
    assert ahead.read(f"{top}/a", KEEP) is None
    assert ahead.read(f"{top}/a-c", KEEP) is None
    assert ahead.read(f"{top}/b", KEEP) is not None


def test_links_that_are_taken_otherwise_are_not_read_ahead(top: str, ahead: FoldersAhead) -> None:
    assert ahead.read(top, REFUSE) is None
    assert ahead.read(top, KEEP) is not None


def test_a_process_that_dies_is_no_error(top: str, ahead: FoldersAhead) -> None:
    ahead.close()
    found: list[LocalFolder | None] = [ahead.read(top + name, KEEP) for name in FOLDERS]
    assert None in found


def test_it_ends_although_nobody_takes_what_it_read(
    top: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AHEAD", 1)
    FoldersAhead(top, KEEP).close()


def test_read_folder_takes_what_is_there(top: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LARGE", 10)
    with folders_ahead(top, KEEP):
        ahead = read_ahead.get()
        assert ahead is not None
        assert reading_since() == ahead.started_ns
        whole = read_folder(top, links=KEEP)
        # It was read before this file came.
        Path(top, "new").write_bytes(b"")
        assert read_folder(top, links=KEEP) != whole
    assert read_ahead.get() is None


def test_what_cannot_be_read_is_told_by_whoever_asks(
    top: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LARGE", 10)
    os.mkfifo(f"{top}/a/pipe")
    with folders_ahead(top, KEEP):
        read_folder(top, links=KEEP)
        with pytest.raises(SourceUnreadable, match="neither a file nor a folder"):
            read_folder(f"{top}/a", links=KEEP)
        assert read_folder(f"{top}/b", links=KEEP).names == ["file-0", "file-1", "file-2", "link"]


@pytest.mark.parametrize("links", [KEEP, LinkHandling.FOLLOW])
def test_nothing_is_started_for_few_files_or_links_that_are_followed(
    top: str, links: LinkHandling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LARGE", 10 if links is LinkHandling.FOLLOW else 1000)
    with folders_ahead(top, links):
        assert read_ahead.get() is None
