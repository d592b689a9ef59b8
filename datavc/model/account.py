"""Accounts, groups and tokens, as people see them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from datavc.errors import InvalidName

_NAME = re.compile(r"[a-z0-9][a-z0-9._@+/-]{0,99}")
#: No account that people make can begin so, since its names hold no colon.
_PIPELINE = "pipeline:"

#: The account that a server's own token belongs to.
ADMIN = "admin"
#: Who uses a server of this machine that has no tokens yet, and who opens a home by itself.
LOCAL = "local"


class AccountKind(StrEnum):
    """What stands behind an account."""

    USER = "user"
    SERVICE = "service"
    #: Made, kept in step and deleted with its pipeline, which acts as it.
    PIPELINE = "pipeline"


class Holder(StrEnum):
    """Who a role is given to."""

    ACCOUNT = "account"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an account may take; ``None`` sets no limit."""

    #: Bytes that the branches of its repos hold, with what is staged on them.
    max_bytes: int | None = None
    #: Repos that it has made.
    max_repos: int | None = None
    #: Requests a minute, on the average.
    requests_per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """An account."""

    name: str
    kind: AccountKind
    is_disabled: bool
    groups: tuple[str, ...]
    #: Who it is to the OIDC provider: its issuer and subject; empty for nobody.
    issuer: str
    subject: str
    limits: Limits
    author: str
    created_us: int
    #: What it was given itself, as ``ROLE:REPOS@BRANCHES``; what its groups were given is not here.
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupInfo:
    """A group of accounts."""

    name: str
    members: tuple[str, ...]
    author: str
    created_us: int


@dataclass(frozen=True, slots=True)
class RoleBinding:
    """A role that was given to an account or a group."""

    holder_kind: Holder
    holder: str
    role: str
    repos: str
    branches: str
    author: str
    created_us: int


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """A token without its secret."""

    #: The part of the token that may be shown.
    id: str
    account: str
    name: str
    #: What it may be used for at most, as grants; none for all that the account may do.
    scopes: tuple[str, ...]
    created_us: int
    expires_us: int | None
    #: To the minute.
    last_used_us: int | None
    revoked_us: int | None


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made: the only time that it is shown."""

    token: str
    info: TokenInfo


@dataclass(frozen=True, slots=True)
class Usage:
    """What an account has taken of its limits."""

    bytes: int
    repos: int


@dataclass(frozen=True, slots=True)
class WhoAmI:
    """Who a server takes somebody for, and what that one may do."""

    account: str
    kind: str
    groups: tuple[str, ...]
    #: As ``ROLE:REPOS@BRANCHES``.
    grants: tuple[str, ...]
    #: Of the token that was shown.
    token: str
    scopes: tuple[str, ...]
    expires_us: int | None
    limits: Limits
    usage: Usage


def account_of_pipeline(pipeline: str) -> str:
    """The account that a pipeline acts as."""
    return f"{_PIPELINE}{pipeline}"


def pipeline_of_account(account: str) -> str | None:
    """The pipeline that acts as *account*; ``None`` where that is no pipeline's."""
    return account.removeprefix(_PIPELINE) if account.startswith(_PIPELINE) else None


def check_account_name(name: str, what: str = "an account") -> str:
    """Return *name* if an account, or a group, may be called so.

    Raises:
        InvalidName: it may not.
    """
    if not _NAME.fullmatch(name) or name == LOCAL:
        raise InvalidName(
            f"{name!r} cannot name {what}",
            hint="use up to 100 lower-case letters, digits and '._@+/-', starting with one of "
            f"the first two; {LOCAL!r} is taken",
        )
    return name
