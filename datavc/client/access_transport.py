"""What the SDK needs from a datavc to say who may do what there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from datavc.model.account import (
    AccountInfo,
    AccountKind,
    GroupInfo,
    Holder,
    Limits,
    NewToken,
    RoleBinding,
    TokenInfo,
    WhoAmI,
)
from datavc.model.audit import AuditEntry


class AccessTransport(Protocol):
    """Accounts, groups, roles, tokens, and the audit log."""

    def whoami(self) -> WhoAmI:
        """Who this client is there."""

    def create_account(self, name: str, kind: AccountKind, author: str) -> AccountInfo:
        """Make an account."""

    def list_accounts(self) -> list[AccountInfo]:
        """All accounts."""

    def get_account(self, name: str) -> AccountInfo:
        """One account."""

    def set_account_disabled(self, name: str, author: str, *, disabled: bool) -> AccountInfo:
        """Let an account in no more, or again."""

    def set_account_limits(self, name: str, limits: Limits, author: str) -> AccountInfo:
        """Say how much an account may take."""

    def link_account(self, name: str, issuer: str, subject: str, author: str) -> AccountInfo:
        """Say who an account is to an OIDC provider."""

    def delete_account(self, name: str, author: str) -> None:
        """Delete an account."""

    def create_group(self, name: str, author: str) -> GroupInfo:
        """Make a group."""

    def list_groups(self) -> list[GroupInfo]:
        """All groups."""

    def delete_group(self, name: str, author: str) -> None:
        """Delete a group."""

    def add_member(self, group: str, account: str, author: str) -> None:
        """Put an account into a group."""

    def remove_member(self, group: str, account: str, author: str) -> None:
        """Take an account out of a group."""

    def grant_role(self, kind: Holder, holder: str, role: str, place: str, author: str) -> None:
        """Give a role."""

    def revoke_role(self, kind: Holder, holder: str, role: str, place: str, author: str) -> None:
        """Take a role away."""

    def list_roles(self) -> list[RoleBinding]:
        """The roles that were given."""

    def create_token(
        self,
        account: str | None,
        name: str,
        scopes: Sequence[str],
        expires_us: int | None,
        author: str,
    ) -> NewToken:
        """Make a token."""

    def list_tokens(self, account: str | None) -> list[TokenInfo]:
        """Tokens without their secrets."""

    def revoke_token(self, token_id: str, author: str) -> None:
        """Let a token hold no more."""

    def audit_log(
        self, account: str, repo: str, outcome: str, since: str, until: str
    ) -> Iterator[AuditEntry]:
        """Changes and refusals, newest first."""
