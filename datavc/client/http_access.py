"""Saying who may do what in a datavc on a server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from datavc.client.http_answer import Items, by, decode
from datavc.client.http_pages import read_pages
from datavc.client.http_session import HttpSession, part
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


class HttpAccess:
    """See :class:`~datavc.client.access_transport.AccessTransport`."""

    _session: HttpSession

    def whoami(self) -> WhoAmI:
        """Who this client is there."""
        return decode(self._session.send("GET", "/auth/whoami"), WhoAmI)

    def create_account(self, name: str, kind: AccountKind, author: str) -> AccountInfo:
        """Make an account."""
        body = {"name": name, "kind": kind.value}
        response = self._session.send("POST", "/auth/accounts", body=body, headers=by(author))
        return decode(response, AccountInfo)

    def list_accounts(self) -> list[AccountInfo]:
        """All accounts."""
        return read_pages(self._session, "/auth/accounts", AccountInfo)

    def get_account(self, name: str) -> AccountInfo:
        """One account."""
        return decode(self._session.send("GET", f"/auth/accounts/{part(name)}"), AccountInfo)

    def set_account_disabled(self, name: str, author: str, *, disabled: bool) -> AccountInfo:
        """Let an account in no more, or again."""
        return self._change(name, {"disabled": disabled}, author)

    def set_account_limits(self, name: str, limits: Limits, author: str) -> AccountInfo:
        """Say how much an account may take."""
        return self._change(name, {"limits": msgspec.to_builtins(limits)}, author)

    def link_account(self, name: str, issuer: str, subject: str, author: str) -> AccountInfo:
        """Say who an account is to an OIDC provider."""
        return self._change(name, {"issuer": issuer, "subject": subject}, author)

    def delete_account(self, name: str, author: str) -> None:
        """Delete an account."""
        self._session.send("DELETE", f"/auth/accounts/{part(name)}", headers=by(author))

    def create_group(self, name: str, author: str) -> GroupInfo:
        """Make a group."""
        response = self._session.send(
            "POST", "/auth/groups", body={"name": name}, headers=by(author)
        )
        return decode(response, GroupInfo)

    def list_groups(self) -> list[GroupInfo]:
        """All groups."""
        return read_pages(self._session, "/auth/groups", GroupInfo)

    def delete_group(self, name: str, author: str) -> None:
        """Delete a group."""
        self._session.send("DELETE", f"/auth/groups/{part(name)}", headers=by(author))

    def add_member(self, group: str, account: str, author: str) -> None:
        """Put an account into a group."""
        path = f"/auth/groups/{part(group)}/members/{part(account)}"
        self._session.send("PUT", path, headers=by(author), repeat=True)

    def remove_member(self, group: str, account: str, author: str) -> None:
        """Take an account out of a group."""
        path = f"/auth/groups/{part(group)}/members/{part(account)}"
        self._session.send("DELETE", path, headers=by(author))

    def grant_role(self, kind: Holder, holder: str, role: str, place: str, author: str) -> None:
        """Give a role."""
        body = {"holder_kind": kind.value, "holder": holder, "role": role, "place": place}
        self._session.send("POST", "/auth/roles", body=body, headers=by(author), repeat=True)

    def revoke_role(self, kind: Holder, holder: str, role: str, place: str, author: str) -> None:
        """Take a role away."""
        query = {"holder_kind": kind.value, "holder": holder, "role": role, "place": place}
        self._session.send("DELETE", "/auth/roles", query=query, headers=by(author))

    def list_roles(self) -> list[RoleBinding]:
        """The roles that were given."""
        return read_pages(self._session, "/auth/roles", RoleBinding)

    def create_token(
        self,
        account: str | None,
        name: str,
        scopes: Sequence[str],
        expires_us: int | None,
        author: str,
    ) -> NewToken:
        """Make a token."""
        body = {"account": account, "name": name, "scopes": scopes, "expires_us": expires_us}
        response = self._session.send("POST", "/auth/tokens", body=body, headers=by(author))
        return decode(response, NewToken)

    def list_tokens(self, account: str | None) -> list[TokenInfo]:
        """Tokens without their secrets."""
        return read_pages(self._session, "/auth/tokens", TokenInfo, {"account": account})

    def revoke_token(self, token_id: str, author: str) -> None:
        """Let a token hold no more."""
        self._session.send("DELETE", f"/auth/tokens/{part(token_id)}", headers=by(author))

    def audit_log(
        self, account: str, repo: str, outcome: str, since: str, until: str
    ) -> Iterator[AuditEntry]:
        """Changes and refusals, newest first."""
        query = {
            "account": account,
            "repo": repo,
            "outcome": outcome,
            "since": since,
            "until": until,
        }
        cursor: str | None = None
        while True:
            response = self._session.send("GET", "/audit-log", query=query | {"cursor": cursor})
            page = decode(response, Items[AuditEntry])
            yield from page.items
            cursor = page.next
            if cursor is None:
                return

    def _change(self, name: str, change: dict[str, object], author: str) -> AccountInfo:
        path = f"/auth/accounts/{part(name)}"
        response = self._session.send("PATCH", path, body=change, headers=by(author), repeat=True)
        return decode(response, AccountInfo)
