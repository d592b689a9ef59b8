from __future__ import annotations

from pathlib import Path

import pytest

from datavc.client.sources import check_file_target, plan_sources
from datavc.errors import InvalidInput, InvalidPath, NotFound


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("d/a.csv", "d/e/b.csv", "d/.hidden.csv", "d/e/.git/c.csv", "[x].csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()


def targets(
    *sources: str, to: str = "", recursive: bool = False, inside: bool = False
) -> list[str]:
    """The paths that the sources get."""
    planned = plan_sources(sources, to, recursive=recursive, target_is_folder=inside)
    return [source.target for source in planned]


def test_globs_keep_what_is_below_their_fixed_part() -> None:
    assert targets("d/*.csv") == ["a.csv"]
    assert targets("d/**/*.csv", to="x") == ["x/a.csv", "x/e/b.csv"]
    assert targets("./d/*.csv") == ["a.csv"]
    assert targets(f"{Path.cwd()}/d/*.csv") == ["a.csv"]
    assert targets("*/a.csv") == ["d/a.csv"]
    assert targets("../*/d/a.csv")[0].endswith("d/a.csv")


def test_globs_pass_over_hidden_files_unless_asked() -> None:
    assert targets("d/.*.csv") == [".hidden.csv"]
    assert targets("d/e/.git/*") == ["c.csv"]


def test_globs_match_folders_only_with_recursive() -> None:
    assert targets("d/*", recursive=True) == ["a.csv", "e"]
    with pytest.raises(NotFound):
        targets("d/e*")


def test_name_that_looks_like_a_glob() -> None:
    assert targets("[x].csv") == ["[x].csv"]


def test_folder_keeps_the_name_it_is_given_when_put_again() -> None:
    assert targets("d", to="x", recursive=True) == ["x"]
    assert targets("d", to="x", recursive=True, inside=True) == ["x"]
    assert targets("d/", to="x/", recursive=True) == ["x"]
    assert targets("d", "d/e", to="x", recursive=True) == ["x/d", "x/e"]


def test_source_named_twice_is_one() -> None:
    assert targets("d/a.csv", "./d/a.csv") == ["a.csv"]


def test_nothing_and_missing() -> None:
    with pytest.raises(InvalidInput):
        targets()
    with pytest.raises(NotFound, match=r"nope\.csv"):
        targets("nope.csv")
    with pytest.raises(InvalidInput, match="folder"):
        targets("d")


@pytest.mark.parametrize("path", ["", "a/"])
def test_content_needs_a_name(path: str) -> None:
    with pytest.raises(InvalidPath):
        check_file_target(path)
