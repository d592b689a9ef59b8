"""The one place that decides."""

from __future__ import annotations

import pytest

from datavc.access.caller import Caller, may, may_somewhere, require
from datavc.errors import AccessDenied, InvalidInput, NotFound
from datavc.model.role import Action, Grant, Role, matches, parse_grant

READ, WRITE, MAINTAIN, ADMINISTER = Action


def caller(*grants: str, scopes: tuple[str, ...] = ()) -> Caller:
    return Caller(
        "ada", grants=tuple(map(parse_grant, grants)), scopes=tuple(map(parse_grant, scopes))
    )


def test_nobody_may_do_anything_until_told_otherwise() -> None:
    for action in Action:
        assert not may(caller(), action)
        assert not may(caller(), action, "data")
        assert not may(caller(), action, "data", "main")
        assert not may_somewhere(caller(), action)


def test_each_role_allows_what_the_one_before_does() -> None:
    for before, role in zip(Role, list(Role)[1:], strict=False):
        assert before.actions < role.actions
    assert Role.ADMIN.actions == frozenset(Action)


@pytest.mark.parametrize(
    ("grant", "action", "repo", "branch", "expected"),
    [
        ("reader:data", READ, "data", None, True),
        ("reader:data", READ, "data2", None, False),
        ("reader:data", READ, "Data", None, False),
        ("reader:data", READ, None, None, False),
        ("reader:data", WRITE, "data", "main", False),
        ("reader:*", READ, None, None, True),
        ("reader:*", WRITE, None, None, False),
        ("writer:team-*", WRITE, "team-x", "main", True),
        ("writer:team-*", WRITE, "team", "main", False),
        ("writer:team-*", WRITE, "other", "main", False),
        ("writer:data@feature/*", WRITE, "data", "feature/a/b", True),
        ("writer:data@feature/*", WRITE, "data", "main", False),
        ("writer:data@feature/*", WRITE, "data", None, False),
        # The commits of all branches are one graph.
        ("writer:data@feature/*", READ, "data", "main", True),
        ("maintainer:*@feature/*", MAINTAIN, "data", None, False),
        ("maintainer:*@feature/*", READ, None, None, False),
        ("maintainer:data", MAINTAIN, "data", None, True),
        ("maintainer:data", ADMINISTER, "data", None, False),
        ("admin:data", ADMINISTER, "data", None, True),
        ("admin:data", ADMINISTER, None, None, False),
        ("admin:*", ADMINISTER, None, None, True),
        ("reader:d?ta", READ, "data", None, True),
        ("reader:d?ta", READ, "dta", None, False),
        # A dot is a dot.
        ("reader:a.b", READ, "a.b", None, True),
        ("reader:a.b", READ, "axb", None, False),
    ],
)
def test_what_a_grant_allows(grant, action, repo, branch, expected) -> None:
    assert may(caller(grant), action, repo, branch) is expected


def test_a_token_allows_no_more_than_its_account_and_its_scopes() -> None:
    narrow = caller("admin:*", scopes=("reader:data",))
    assert may(narrow, READ, "data")
    assert not may(narrow, WRITE, "data", "main")
    assert not may(narrow, READ, "other")
    assert not may(narrow, READ)
    assert not may_somewhere(narrow, WRITE)
    wide = caller("reader:data", scopes=("admin:*",))
    assert may(wide, READ, "data")
    assert not may(wide, WRITE, "data", "main")


def test_a_repo_that_may_not_be_read_is_told_as_one_that_is_not_there() -> None:
    with pytest.raises(NotFound, match="repo 'data' does not exist"):
        require(caller("admin:other"), WRITE, "data", "main")
    with pytest.raises(AccessDenied, match="'ada' may not write on branch 'main'"):
        require(caller("reader:data"), WRITE, "data", "main")
    with pytest.raises(AccessDenied, match="'ada' may not administer here"):
        require(caller("admin:data"), ADMINISTER)


@pytest.mark.parametrize("text", ["reader:data", "writer:images@feature/*", "admin:*"])
def test_a_grant_reads_as_it_was_written(text: str) -> None:
    assert str(parse_grant(text)) == text


@pytest.mark.parametrize(
    "text", ["", "owner:data", "reader:", "reader:a b", "reader:a/b", "reader:a@", "Reader:a"]
)
def test_what_is_no_grant(text: str) -> None:
    if text == "reader:":
        assert parse_grant(text) == Grant(Role.READER)
        return
    with pytest.raises(InvalidInput):
        parse_grant(text)


def test_a_pattern_takes_time_in_proportion_to_the_name() -> None:
    assert not matches("*a" * 30, "a" * 25 + "b")
