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
        ("[!]]", "]", None),
        ("(a|b)/x", "b/x", ("b",)),
        ("a|b", "a|b", ()),
        ("a*(a|b)", "a", ("",)),
        ("a*(a|b)", "aaba", ("aba",)),
        ("+(a|b)c", "abc", ("ab",)),
        ("+(a|b)c", "c", None),
        ("f-?(1|22)x", "f-x", ("",)),
        ("f-?(1|22)x", "f-22x", ("22",)),
        ("@(a|b)@(*).go", "bx.go", ("b", "x")),
        ("a*(a|b)/*(*).go", "aaaa/x.go", ("aaa", "x")),
        ("ab**(e|f)", "abxfef", ("",)),
        ("ab**(e|f)", "a/bf", None),
        ("t*(/?(+(a|b)/*.go))", "t/a/x.go", ("/a/x.go", "a/x.go", "a")),
        ("{a/b,c}", "a/b", ()),
        ("{a,(b|c)}", "c", ("c",)),
        ("mail@home+x!", "mail@home+x!", ()),
        ("a)b]c}d", "a)b]c}d", ()),
    ],
)
def test_match(pattern: str, path: str, captures: tuple[str, ...] | None) -> None:
    assert Glob(pattern).match(path) == captures


@pytest.mark.parametrize("pattern", ["[a", "{a,b", "(a", "{(a}", "[z-a]", "!(a)"])
def test_malformed_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(InvalidInput, match="is not a glob pattern"):
        Glob(pattern)


@pytest.mark.parametrize(
    ("pattern", "prefix", "depth"),
    [("/a/b*", "a/b", 2), ("*", "", 1), ("/", "", 0), ("/a/b", "a/b", 2), ("a@(b)", "a", 1)],
)
def test_prefix_and_depth(pattern: str, prefix: str, depth: int) -> None:
    glob = Glob(pattern)
    assert (glob.prefix, glob.depth) == (prefix, depth)


def test_many_stars_in_a_row_take_no_exponential_time() -> None:
    assert Glob("*(*)*(*)*(*).csv").match("a" * 60) is None


@pytest.mark.parametrize(
    ("pattern", "is_deep", "is_literal"),
    [
        ("a/*", False, False),
        ("a/**", True, False),
        (r"a/\**", False, False),
        ("a/**(b)", False, False),
        ("a*(/b)", True, False),
        ("a?(/b)", False, False),
        ("a+b@c)", False, True),
    ],
)
def test_kinds(pattern: str, is_deep: bool, is_literal: bool) -> None:
    glob = Glob(pattern)
    assert (glob.is_deep, glob.is_literal) == (is_deep, is_literal)
