"""Glob patterns, by example."""

from __future__ import annotations

import pytest

from datavc.errors import InvalidInput
from datavc.model.glob import Glob


@pytest.mark.parametrize(
    ("pattern", "path", "captures"),
    [
        ("/*", "a", ()),
        ("/*", "a/b", None),
        ("*.csv", "x.csv", ()),
        ("*.csv", "d/x.csv", None),
        ("/**", "a/b/c", ()),
        ("**/c", "c", ()),
        ("**/c", "a/b/c", ()),
        ("**/c", "a/bc", None),
        ("a?c", "abc", ()),
        ("a?c", "a/c", None),
        ("[a-c]x", "bx", ()),
        ("[!a]x", "ax", None),
        ("[!a]x", "/x", None),
        ("{a,b*}/c", "bb/c", ()),
        ("{a,b}/c", "c/c", None),
        ("(*)-(*).csv", "left-right.csv", ("left", "right")),
        (r"\*", "*", ()),
        (r"\*", "a", None),
        ("a.c", "abc", None),
        ("日*", "日本", ()),
        ("a\nb*", "a\nbc", ()),
        ("[]]", "]", ()),
    ],
)
def test_match(pattern: str, path: str, captures: tuple[str, ...] | None) -> None:
    assert Glob(pattern).match(path) == captures


@pytest.mark.parametrize("pattern", ["[a", "{a,b", "(a", "a)", "[z-a]"])
def test_malformed_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(InvalidInput, match="is not a glob pattern"):
        Glob(pattern)


@pytest.mark.parametrize(
    ("pattern", "prefix", "depth"),
    [("/a/b*", "a/b", 2), ("*", "", 1), ("/", "", 0), ("/a/b", "a/b", 2)],
)
def test_prefix_and_depth(pattern: str, prefix: str, depth: int) -> None:
    glob = Glob(pattern)
    assert (glob.prefix, glob.depth) == (prefix, depth)
