from __future__ import annotations

from pathlib import Path

import pytest

from datavc.errors import InvalidPath
from datavc.versioning.working_copy import name_check
from datavc.versioning.working_copy.name_check import check_names


def check(folder: Path, *paths: str, beside: tuple[str, ...] = ()) -> None:
    check_names(folder, paths, lambda: (*paths, *beside))


def test_names_that_this_file_system_holds(tmp_path: Path) -> None:
    check(tmp_path, "a:b", "what?", "new\nline", "back\\slash", "end.", "dir /x", ".datavcignore")
    check(tmp_path, "A", "a", "b" * 255)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", [".datavc/copy.json", ".datavc", ".DataVC/x"])
def test_the_own_folder(tmp_path: Path, path: str) -> None:
    with pytest.raises(InvalidPath, match="own folder"):
        check(tmp_path, path)


@pytest.mark.parametrize(
    "path", ["b" * 256, "/".join(["d" * 200] * 21)], ids=["name", "whole path"]
)
def test_too_long(tmp_path: Path, path: str) -> None:
    with pytest.raises(InvalidPath):
        check(tmp_path, path)


def test_letters_that_the_file_system_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def can_hold(_: Path, ending: str) -> bool:
        asked.append(ending)
        return ending != ":"

    monkeypatch.setattr(name_check, "_can_hold", can_hold)
    check(tmp_path, "what?", "who?", "end. ")
    with pytest.raises(InvalidPath, match="a:b"):
        check(tmp_path, "good", "sub/a:b")
    assert asked == ["?", " ", ":"]


def test_names_that_are_one_with_what_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(name_check, "folds_case", lambda folder: True)
    with pytest.raises(InvalidPath, match="are one name"):
        check(tmp_path, "readme", beside=("README",))
