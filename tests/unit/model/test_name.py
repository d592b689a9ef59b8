"""Names and paths: what is allowed, and what is refused with which word."""

from __future__ import annotations

import pytest

from datavc.errors import InvalidName, InvalidPath
from datavc.model.name import check_ref_name, check_repo_name, clean_path, clean_prefix


@pytest.mark.parametrize("name", ["a", "raw-data", "A.b_c", "x" * 63, "9"])
def test_repo_names(name: str) -> None:
    assert check_repo_name(name) == name


@pytest.mark.parametrize(
    "name", ["", ".a", "-a", "a/b", "a b", "x" * 64, "a..b", "a.", "é", "a\n", "a\0", "..", "a@b"]
)
def test_names_that_no_repo_may_have(name: str) -> None:
    with pytest.raises(InvalidName):
        check_repo_name(name)


@pytest.mark.parametrize("name", ["main", "feature/one", "v1.2", "deadbeef"])
def test_ref_names(name: str) -> None:
    assert check_ref_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "a//b", "/a", "a/", "a..b", ".a", "a/.b", "a.lock", "a~1", "a:b", "a" * 201, "f" * 64],
)
def test_names_that_no_ref_may_have(name: str) -> None:
    with pytest.raises(InvalidName):
        check_ref_name(name)


@pytest.mark.parametrize(
    ("given", "kept"), [("/a/b", "a/b"), ("a", "a"), ("日本/é ü", "日本/é ü"), ("a\\b", "a\\b")]
)
def test_paths(given: str, kept: str) -> None:
    assert clean_path(given) == kept


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "a/",
        "..",
        "../a",
        "a/../b",
        "a/./b",
        "a//b",
        "//a",
        "a\0b",
        "\ud800",
        "x" * 256,
        "é" * 128,
        "/".join(["x" * 250] * 17),
    ],
)
def test_paths_that_no_file_may_have(path: str) -> None:
    with pytest.raises(InvalidPath):
        clean_path(path)


@pytest.mark.parametrize(("given", "kept"), [("", ""), ("/", ""), ("/a/", "a/"), ("a", "a")])
def test_prefixes(given: str, kept: str) -> None:
    assert clean_prefix(given) == kept
