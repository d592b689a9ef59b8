"""Addresses as people type them: ``repo@ref:/path``, and refs such as ``main~2``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from datavc.errors import InvalidAddress
from datavc.model.name import check_ref_name, check_repo_name, clean_prefix

#: The branch that an address without a ref means.
DEFAULT_BRANCH = "main"

_REF = re.compile(r"(?P<name>[^~^@{}]+)(?:@\{(?P<at>[^{}]+)\})?(?P<steps>(?:~\d*|\^\d*)*)")
_STEP = re.compile(r"([~^])(\d*)")
#: Everything up to the colon before the path; braces may hold one, as in a time.
_HEAD = re.compile(r"(?P<head>[^:{]*(?:\{[^}]*\})?[^:{]*)(?P<colon>:?)(?P<path>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Ref:
    """What names a commit: a name, and the way from there.

    A name is a branch, a tag, a commit id or a unique start of one.
    """

    name: str
    #: How many first parents to go back.
    back: int = 0
    #: Where the branch stood: so many moves ago, or at a time.
    at: str = ""
    #: After *back*: which parent to turn to (2 is the second), and how far back from there.
    turns: tuple[tuple[int, int], ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether this is a name and nothing else."""
        return self == Ref(self.name)

    def __str__(self) -> str:
        at = f"@{{{self.at}}}" if self.at else ""
        turns = "".join(f"^{parent}{_back(back)}" for parent, back in self.turns)
        return f"{self.name}{at}{_back(self.back)}{turns}"


def _back(steps: int) -> str:
    return f"~{steps}" if steps else ""


@dataclass(frozen=True, slots=True)
class Address:
    """``repo@ref:/path``; ``path`` has no leading slash, and is ``""`` for the root."""

    repo: str
    ref: Ref
    path: str = ""

    def __str__(self) -> str:
        return f"{self.repo}@{self.ref}:/{self.path}"


def parse_ref(text: str) -> Ref:
    """Parse a name, and what may follow it as in git.

    ``name~2`` and ``name^^`` go back two first parents, ``name^2`` to the second parent of a merge;
    ``name@{1}`` is where the branch stood before its last move, ``name@{2 days ago}`` or
    ``name@{2026-11-01}`` where it stood then.

    Raises:
        InvalidAddress: the text is not of that form.
        InvalidName: ``name`` cannot name a ref.
    """
    match = _REF.fullmatch(text)
    if match is None:
        raise InvalidAddress(
            f"{text!r} is not a ref",
            hint="use a name, a commit id, name~2, name^2 or 'name@{2 days ago}'",
        )
    name = match["name"]
    if not re.fullmatch(r"[0-9a-f]{64}", name):
        check_ref_name(name)
    back, turns = _read_steps(match["steps"])
    return Ref(name, back, (match["at"] or "").strip(), turns)


def _read_steps(text: str) -> tuple[int, tuple[tuple[int, int], ...]]:
    ways: list[tuple[int, int]] = [(0, 0)]
    for sign, digits in _STEP.findall(text):
        number = int(digits) if digits else 1
        if sign == "^" and number > 1:
            ways.append((number, 0))
        else:
            parent, back = ways[-1]
            ways[-1] = (parent, back + number)
    return ways[0][1], tuple(ways[1:])


def parse_address(text: str, *, default_ref: str = DEFAULT_BRANCH) -> Address:
    """Parse ``repo``, ``repo@ref``, ``repo:/path`` or ``repo@ref:/path``.

    ``datavc://repo/ref/path`` is accepted too; its ref is the one part after the repo, with any
    slash in a branch name written ``%2F``.

    Raises:
        InvalidAddress: the text is not of that form.
        InvalidName, InvalidPath: a part of it is not allowed.
    """
    if text.startswith("datavc://"):
        return _parse_uri(text)
    match = _HEAD.fullmatch(text)
    if match is None:
        raise InvalidAddress(f"{text!r} is not an address", hint="write repo@ref:/path")
    head, colon, path = match["head"], match["colon"], match["path"]
    repo, at, ref = head.partition("@")
    if not repo or (at and not ref) or (colon and not path):
        raise InvalidAddress(f"{text!r} is not an address", hint="write repo@ref:/path")
    check_repo_name(repo)
    return Address(repo, parse_ref(ref or default_ref), clean_prefix(path))


def _parse_uri(text: str) -> Address:
    repo, _, rest = text.removeprefix("datavc://").partition("/")
    ref, _, path = rest.partition("/")
    if not repo or not ref:
        raise InvalidAddress(f"{text!r} is not an address", hint="write datavc://repo/ref/path")
    check_repo_name(repo)
    return Address(repo, parse_ref(re.sub("%2[Ff]", "/", ref)), clean_prefix(path))
