"""Verbs on accounts, groups, roles, tokens and the audit log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from datavc.client.base import ClientBase
from datavc.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datavc.model.account import (
        AccountInfo,
        GroupInfo,
        Limits,
        NewToken,
        RoleBinding,
        TokenInfo,
        WhoAmI,
    )
    from datavc.model.audit import AuditEntry


class AccessVerbs(ClientBase):
    """Who may do what on a server. Those who open a home by themselves may do everything in it.

    Where it says nothing else, all raise :class:`~datavc.errors.AccessDenied` for whoever is no
    admin of all repos, and :class:`~datavc.errors.NotFound` for what is not there.
    """

    def whoami(self) -> WhoAmI:
        """Who this client is to the server, and what it may do; for everybody."""
        return self.transport.whoami()

    def create_account(self, name: str, *, service: bool = False) -> AccountInfo:
        """Make an account, which may do nothing until it is given a role.

        Args:
            name: lower-case letters, digits and ``._@+/-``; an e-mail address, say.
            service: whether a program stands behind it, and no person.

        Raises:
            InvalidName, AlreadyExists: none may be called so, or one is.
        """
        from datavc.model.account import AccountKind

        kind = AccountKind.SERVICE if service else AccountKind.USER
        return self.transport.create_account(name, kind, self.author)

    def list_accounts(self) -> list[AccountInfo]:
        """All accounts by name, also those that pipelines act as."""
        return self.transport.list_accounts()

    def get_account(self, name: str) -> AccountInfo:
        """One account, with the roles that it was given itself."""
        return self.transport.get_account(name)

    def disable_account(self, name: str) -> AccountInfo:
        """Let an account in no more, from the next request on; its tokens and roles stay."""
        return self.transport.set_account_disabled(name, self.author, disabled=True)

    def enable_account(self, name: str) -> AccountInfo:
        """Let an account in again."""
        return self.transport.set_account_disabled(name, self.author, disabled=False)

    def limit_account(self, name: str, limits: Limits) -> AccountInfo:
        """Say how much an account may take, in place of what was said before.

        Raises:
            InvalidInput: a limit is below 0, or lets no request through.
        """
        return self.transport.set_account_limits(name, limits, self.author)

    def link_account(self, name: str, issuer: str, subject: str) -> AccountInfo:
        """Say who an account is to an OIDC provider; two empty texts for nobody.

        Raises:
            AlreadyExists: another account is that one.
        """
        return self.transport.link_account(name, issuer, subject, self.author)

    def delete_account(self, name: str) -> None:
        """Delete an account with its tokens and roles; what it has done stays written down.

        Raises:
            InvalidInput: it is a pipeline's account, which goes with the pipeline.
        """
        self.transport.delete_account(name, self.author)

    def create_group(self, name: str) -> GroupInfo:
        """Make an empty group.

        Raises:
            InvalidName, AlreadyExists: none may be called so, or one is.
        """
        return self.transport.create_group(name, self.author)

    def list_groups(self) -> list[GroupInfo]:
        """All groups with their members, by name."""
        return self.transport.list_groups()

    def delete_group(self, name: str) -> None:
        """Delete a group with its roles; its members stay."""
        self.transport.delete_group(name, self.author)

    def add_member(self, group: str, account: str) -> None:
        """Put an account into a group, if it is not in it."""
        self.transport.add_member(group, account, self.author)

    def remove_member(self, group: str, account: str) -> None:
        """Take an account out of a group."""
        self.transport.remove_member(group, account, self.author)

    def grant_role(self, holder: str, role: str, place: str = "*", *, group: bool = False) -> None:
        """Give a role. An admin of one repo gives roles in just that one.

        Args:
            holder: an account's name, or with *group* a group's.
            role: ``reader``, ``writer``, ``maintainer`` or ``admin``.
            place: ``REPOS`` or ``REPOS@BRANCHES``, each a name or a pattern with ``*`` and ``?``.
            group: whether *holder* is a group.

        Raises:
            InvalidInput: there is no such role, the pattern is malformed, or it is a pipeline's
                account, and its spec does not need that.
        """
        from datavc.model.account import Holder

        kind = Holder.GROUP if group else Holder.ACCOUNT
        self.transport.grant_role(kind, holder, role, place, self.author)

    def revoke_role(self, holder: str, role: str, place: str = "*", *, group: bool = False) -> None:
        """Take a role away; arguments as of :meth:`grant_role`."""
        from datavc.model.account import Holder

        kind = Holder.GROUP if group else Holder.ACCOUNT
        self.transport.revoke_role(kind, holder, role, place, self.author)

    def list_roles(self) -> list[RoleBinding]:
        """The roles that one may know of: one's own, and those where one may give some."""
        return self.transport.list_roles()

    def create_token(
        self,
        account: str | None = None,
        *,
        name: str = "",
        scopes: Sequence[str] = (),
        expires_us: int | None = None,
    ) -> NewToken:
        """Make a token; its secret is known now, and never again. For everybody's own account.

        Args:
            account: whose, for admins; without it, one's own.
            name: what it is for.
            scopes: what it may be used for at most, as ``ROLE:REPOS@BRANCHES``.
            expires_us: when it ends, in microseconds since 1970.

        Raises:
            InvalidInput: a scope is malformed, or the end has passed.
        """
        return self.transport.create_token(account, name, scopes, expires_us, self.author)

    def list_tokens(self, account: str | None = None) -> list[TokenInfo]:
        """Tokens without their secrets, newest first: one's own, an admin's is all."""
        return self.transport.list_tokens(account)

    def revoke_token(self, token_id: str) -> None:
        """Let a token hold no more, from the next request on. For everybody's own tokens."""
        self.transport.revoke_token(token_id, self.author)

    def audit_log(
        self,
        *,
        account: str = "",
        repo: str = "",
        outcome: str = "",
        since: str = "",
        until: str = "",
    ) -> Iterator[AuditEntry]:
        """Changes and refusals, newest first, read as they are asked for.

        Args:
            account: only what this one did.
            repo: only what was done in this one.
            outcome: only ``done``, ``refused`` or ``failed``.
            since, until: times as of ``datavc log --since``.

        Raises:
            InvalidInput: an outcome or a time is none.
        """
        from datavc.model.audit import Outcome

        if outcome and outcome not in tuple(Outcome):
            raise InvalidInput(
                f"{outcome!r} is no outcome", hint=f"use one of: {', '.join(Outcome)}"
            )
        return self.transport.audit_log(account, repo, outcome, since, until)


def in_seconds(seconds: float) -> int:
    """The time that is so many seconds ahead, in microseconds since 1970."""
    return round((time.time() + seconds) * 1_000_000)
