"""Addresses as people type them: ``repo@ref:/path``, and refs such as ``main~2``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from datavc.errors import InvalidAddress
from datavc.model.name import check_ref_name, check_repo_name, clean_prefix

#: The branch that an address without a ref means.
DEFAULT_BRANCH = "main"

_ANCESTOR = re.compile(r"(?P<base>[^~^]+)(?:~(?P<steps>\d*)|(?P<carets>\^+))?")


@dataclass(frozen=True, slots=True)
class Ref:
    """A branch, tag, commit id or unique id prefix, and how many first parents to go back."""

    name: str
    back: int = 0

    def __str__(self) -> str:
        return f"{self.name}~{self.back}" if self.back else self.name


@dataclass(frozen=True, slots=True)
class Address:
    """``repo@ref:/path``; ``path`` has no leading slash, and is ``""`` for the root."""

    repo: str
    ref: Ref
    path: str = ""

    def __str__(self) -> str:
        return f"{self.repo}@{self.ref}:/{self.path}"


def parse_ref(text: str) -> Ref:
    """Parse ``name``, ``name~2``, ``name~`` or ``name^^``.

    Raises:
        InvalidAddress: the text is not of that form.
        InvalidName: ``name`` cannot name a ref.
    """
    match = _ANCESTOR.fullmatch(text)
    if match is None:
        raise InvalidAddress(f"{text!r} is not a ref", hint="use a name, a commit id, or name~2")
    base, steps, carets = match["base"], match["steps"], match["carets"]
    if not re.fullmatch(r"[0-9a-f]{64}", base):
        check_ref_name(base)
    back = len(carets) if carets else 0 if steps is None else int(steps or 1)
    return Ref(base, back)


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
    head, colon, path = text.partition(":")
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
