"""Who asks, and the one place that decides what that one may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from datavc.errors import AccessDenied, NotFound
from datavc.model.account import AccountKind, Limits
from datavc.model.role import Action, Grant, Role, matches

_EVERYTHING = (Grant(Role.ADMIN),)


@dataclass(frozen=True, slots=True)
class Caller:
    """An account that asks for something, by one of its tokens or without one."""

    account: str
    kind: AccountKind = AccountKind.USER
    #: Of the account's row; ``None`` for one that has none.
    account_id: int | None = None
    grants: tuple[Grant, ...] = ()
    #: Id of the token; empty for a server's own, and without one.
    token: str = ""
    #: What the token is narrowed down to; empty for all that the account may do.
    scopes: tuple[Grant, ...] = ()
    token_expires_us: int | None = None
    limits: Limits = field(default_factory=Limits)
    groups: tuple[str, ...] = ()
    #: Whether it may say that somebody else is the author of what it does.
    names_authors: bool = False

    @classmethod
    def unlimited(cls, account: str) -> Caller:
        """One who may do everything, and be the author of changes that others made."""
        return cls(account, grants=_EVERYTHING, names_authors=True)


def may(caller: Caller, action: Action, repo: str | None = None, branch: str | None = None) -> bool:
    """Whether *caller* may do *action*: the account's roles and the token's scopes must allow it.

    Args:
        caller: who asks.
        action: what is to be done.
        repo: where; ``None`` for what concerns the whole datavc.
        branch: on which branch; ``None`` for what concerns the whole repo.
    """
    return _allow(caller.grants, action, repo, branch) and (
        not caller.scopes or _allow(caller.scopes, action, repo, branch)
    )


def may_somewhere(caller: Caller, action: Action) -> bool:
    """Whether there can be a place in which *caller* may do *action*."""
    return _any_allows(caller.grants, action) and (
        not caller.scopes or _any_allows(caller.scopes, action)
    )


def require(
    caller: Caller, action: Action, repo: str | None = None, branch: str | None = None
) -> None:
    """Make sure of what :func:`may` says.

    Raises:
        NotFound: it may not even know of the repo; told as if there was none.
        AccessDenied: it may not.
    """
    if may(caller, action, repo, branch):
        return
    if repo is not None and not may(caller, Action.READ, repo):
        raise NotFound(f"repo {repo!r} does not exist", hint="see `datavc repo list`")
    raise denied(caller, action, repo, branch)


def denied(
    caller: Caller, action: Action, repo: str | None = None, branch: str | None = None
) -> AccessDenied:
    """The error for what *caller* may not do."""
    return AccessDenied(
        f"account {caller.account!r} may not {action.value}{_place(repo, branch)}",
        hint="`datavc auth whoami` tells what it may do; ask an admin for a role",
        repo=repo or "",
        branch=branch or "",
    )


def _place(repo: str | None, branch: str | None) -> str:
    if repo is None:
        return " here"
    return f" in repo {repo!r}" if branch is None else f" on branch {branch!r} of repo {repo!r}"


def _allow(grants: Iterable[Grant], action: Action, repo: str | None, branch: str | None) -> bool:
    return any(
        action in grant.role.actions and _covers(grant, action, repo, branch) for grant in grants
    )


def _covers(grant: Grant, action: Action, repo: str | None, branch: str | None) -> bool:
    if repo is None:
        return grant.is_everywhere
    if not matches(grant.repos, repo):
        return False
    if action is Action.READ:
        # The commits of a repo are shared by its branches, so reading knows no branches.
        return True
    return grant.branches == "*" or (branch is not None and matches(grant.branches, branch))


def _any_allows(grants: Iterable[Grant], action: Action) -> bool:
    return any(action in grant.role.actions for grant in grants)
