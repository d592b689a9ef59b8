"""What may be done, and the roles that allow it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from datavc.errors import InvalidInput


class Action(StrEnum):
    """Something that an account may be allowed to do. Names are only ever added."""

    #: In a repo, whatever the branch: its commits are shared by all of them.
    READ = "read"
    #: On a branch: stage, commit, merge, create, move and delete it.
    WRITE = "write"
    #: In a repo: create and delete it, its tags, protections, triggers and rules; pipelines that
    #: write there.
    MAINTAIN = "maintain"
    #: In a repo: say who may do what in it. Everywhere: all else that concerns the whole datavc.
    ADMINISTER = "administer"


class Role(StrEnum):
    """A set of actions; each role allows all that the one before it does."""

    READER = "reader"
    WRITER = "writer"
    MAINTAINER = "maintainer"
    ADMIN = "admin"

    @property
    def actions(self) -> frozenset[Action]:
        """What the role allows."""
        return _ACTIONS[self]


_ACTIONS = {
    role: frozenset(list(Action)[: number + 1]) for number, role in enumerate(Role)
}  # both are in the order of what they allow

_PATTERN = re.compile(r"[A-Za-z0-9_.*?-]{1,63}")
_BRANCHES = re.compile(r"[A-Za-z0-9_.*?/-]{1,200}")
_ALL = "*"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role in the repos, and on the branches, whose names match.

    In a pattern ``*`` stands for any characters, also none and also slashes, and ``?`` for one.
    """

    role: Role
    repos: str = _ALL
    branches: str = _ALL

    @property
    def is_everywhere(self) -> bool:
        """Whether it holds in all repos and on all branches, those to come as well."""
        return self.repos == _ALL and self.branches == _ALL

    @property
    def repo(self) -> str | None:
        """The one repo that it names; ``None`` for a pattern."""
        return None if set("*?") & set(self.repos) else self.repos

    def __str__(self) -> str:
        place = self.repos if self.branches == _ALL else f"{self.repos}@{self.branches}"
        return f"{self.role}:{place}"


def parse_grant(text: str) -> Grant:
    """Read ``ROLE:REPOS`` or ``ROLE:REPOS@BRANCHES``, such as ``writer:images@team/*``.

    Raises:
        InvalidInput: it is malformed.
    """
    role, _, place = text.partition(":")
    return make_grant(role, place or _ALL)


def make_grant(role: str, place: str) -> Grant:
    """A grant of *role* in *place*: ``REPOS`` or ``REPOS@BRANCHES``.

    Raises:
        InvalidInput: there is no such role, or a pattern holds what no name can.
    """
    if role not in tuple(Role):
        raise InvalidInput(f"{role!r} is no role", hint=f"use one of: {', '.join(Role)}")
    repos, at, branches = place.partition("@")
    if not _PATTERN.fullmatch(repos) or (at and not _BRANCHES.fullmatch(branches)):
        raise InvalidInput(
            f"{place!r} is no pattern of repos and branches",
            hint="write REPOS or REPOS@BRANCHES, such as images, 'team-*' or 'images@feature/*'",
        )
    return Grant(Role(role), repos, branches or _ALL)


@lru_cache(4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    signs = {"*": ".*", "?": "."}
    return re.compile("".join(signs.get(sign, re.escape(sign)) for sign in pattern), re.DOTALL)


def matches(pattern: str, name: str) -> bool:
    """Whether *name* is one of those that *pattern* stands for."""
    return _compiled(pattern).fullmatch(name) is not None
