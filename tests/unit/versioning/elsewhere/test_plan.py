from __future__ import annotations

from pathlib import Path

import pytest

from datavc.errors import InvalidAddress, InvalidInput, InvalidPath, NotFound
from datavc.store.external.source_access import SourceAccess
from datavc.versioning.elsewhere.path_filter import PathFilter
from datavc.versioning.elsewhere.plan import ElsewhereSource, plan_elsewhere


def plan(*sources: str, target: str = "", **options: bool) -> list[ElsewhereSource]:
    return plan_elsewhere(list(sources), target, SourceAccess(), **options)


def test_names_of_web_files() -> None:
    url = "https://host/deep/a%20b.csv?x=1"
    assert plan(url) == [ElsewhereSource(url, "a b.csv")]
    assert plan(url, target="into/") == [ElsewhereSource(url, "into/a b.csv")]
    assert plan(url, target="new") == [ElsewhereSource(url, "new")]
    assert plan(url, target="new", target_is_folder=True) == [ElsewhereSource(url, "new/a b.csv")]
    assert [one.target for one in plan(url, "https://host/c", target="x")] == ["x/a b.csv", "x/c"]
    assert plan(f"{url}#part", url) == [ElsewhereSource(url, "a b.csv")]
    assert plan("https://host/", target="named") == [ElsewhereSource("https://host/", "named")]


@pytest.mark.parametrize("source", ["https://host/", "https://host", "https://host/a/"])
def test_web_files_without_a_name(source: str) -> None:
    with pytest.raises(InvalidInput, match="has no name"):
        plan(source)


@pytest.mark.parametrize("source", ["https://host/%2e%2e", "https://host/a%2f..%2fb"])
def test_names_that_would_lead_elsewhere(source: str) -> None:
    try:
        planned = plan(source, target="into/")
    except InvalidPath:
        return
    assert all(one.target.startswith("into/") and ".." not in one.target for one in planned)


def test_prefixes_of_buckets() -> None:
    assert plan("s3://bucket") == [ElsewhereSource("s3://bucket/", "")]
    assert plan("s3://bucket/a/", target="x") == [ElsewhereSource("s3://bucket/a/", "x")]
    assert plan("s3://bucket/a b/") == [ElsewhereSource("s3://bucket/a%20b/", "")]


def test_local_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    folder, file = f"file://{tmp_path}/folder/", f"file://{tmp_path}/file"
    assert plan("folder", "file", f"{file}") == [
        ElsewhereSource(folder, "folder"),
        ElsewhereSource(file, "file"),
    ]
    assert plan("folder/") == [ElsewhereSource(folder, "")]
    assert plan(".", target="x") == [ElsewhereSource(f"file://{tmp_path}/", "x")]
    with pytest.raises(NotFound):
        plan("nothing")
    with pytest.raises(InvalidInput, match="is a folder"):
        plan("folder", recursive=False)


@pytest.mark.parametrize("source", ["ftp://host/a", "s3://", "http://u:p@host/a", "file://host/a"])
def test_malformed_sources(source: str) -> None:
    with pytest.raises(InvalidAddress):
        plan(source)
    with pytest.raises(InvalidInput):
        plan()


def test_patterns() -> None:
    wanted = PathFilter(["*.csv", "deep/"], ["old/", "/top.csv"])
    assert [
        path
        for path in (
            "a.csv",
            "x/a.csv",
            "a.txt",
            "deep/a.txt",
            "x/old/a.csv",
            "top.csv",
            "x/top.csv",
        )
        if wanted.selects(path)
    ] == ["a.csv", "x/a.csv", "deep/a.txt", "x/top.csv"]
    assert PathFilter().selects("anything")
