"""Saying who may do what in a datavc of this process, whose owner may do everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from datavc.errors import InvalidInput

if TYPE_CHECKING:
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
    from datavc.versioning.versioned_store import VersionedStore

_PAGE = 1000


class EmbeddedAccess:
    """See :class:`~datavc.client.access_transport.AccessTransport`.

    What does the work is imported by whoever needs it: most commands do not.
    """

    _vs: VersionedStore

    def whoami(self) -> WhoAmI:
        """The owner of the home."""
        from datavc.model.account import LOCAL, Limits, Usage, WhoAmI

        return WhoAmI(
            LOCAL, "user", (), ("admin:*",), "", (), None, Limits(), Usage(bytes=0, repos=0)
        )

    def create_account(self, name: str, kind: AccountKind, author: str) -> AccountInfo:
        """Make an account."""
        from datavc.access import accounts

        made = accounts.create_account(self._vs.db, name, kind, author=author)
        self._note(author, f"create account {name}")
        return made

    def list_accounts(self) -> list[AccountInfo]:
        """All accounts."""
        from datavc.access import accounts

        return list(accounts.list_accounts(self._vs.db))

    def get_account(self, name: str) -> AccountInfo:
        """One account."""
        from datavc.access import accounts

        return accounts.get_account(self._vs.db, name)

    def set_account_disabled(self, name: str, author: str, *, disabled: bool) -> AccountInfo:
        """Let an account in no more, or again."""
        from datavc.access import accounts

        found = accounts.set_disabled(self._vs.db, name, disabled=disabled)
        self._note(author, f"{'disable' if disabled else 'enable'} account {name}")
        return found

    def set_account_limits(self, name: str, limits: Limits, author: str) -> AccountInfo:
        """Say how much an account may take."""
        from datavc.access import accounts

        found = accounts.set_limits(self._vs.db, name, limits)
        self._note(author, f"limit account {name}")
        return found

    def link_account(self, name: str, issuer: str, subject: str, author: str) -> AccountInfo:
        """Say who an account is to an OIDC provider."""
        from datavc.access import accounts

        found = accounts.set_link(self._vs.db, name, issuer, subject)
        self._note(author, f"link account {name}")
        return found

    def delete_account(self, name: str, author: str) -> None:
        """Delete an account."""
        from datavc.access import accounts

        accounts.delete_account(self._vs.db, name)
        self._note(author, f"delete account {name}")

    def create_group(self, name: str, author: str) -> GroupInfo:
        """Make a group."""
        from datavc.access import accounts

        made = accounts.create_group(self._vs.db, name, author=author)
        self._note(author, f"create group {name}")
        return made

    def list_groups(self) -> list[GroupInfo]:
        """All groups."""
        from datavc.access import accounts

        return list(accounts.list_groups(self._vs.db))

    def delete_group(self, name: str, author: str) -> None:
        """Delete a group."""
        from datavc.access import accounts

        accounts.delete_group(self._vs.db, name)
        self._note(author, f"delete group {name}")

    def add_member(self, group: str, account: str, author: str) -> None:
        """Put an account into a group."""
        from datavc.access import accounts

        accounts.add_member(self._vs.db, group, account)
        self._note(author, f"add {account} to group {group}")

    def remove_member(self, group: str, account: str, author: str) -> None:
        """Take an account out of a group."""
        from datavc.access import accounts

        accounts.remove_member(self._vs.db, group, account)
        self._note(author, f"remove {account} from group {group}")

    def grant_role(self, kind: Holder, holder: str, role: str, place: str, author: str) -> None:
        """Give a role."""
        from datavc.access import roles
        from datavc.access.caller import Caller
        from datavc.model.role import make_grant

        grant = make_grant(role, place)
        roles.grant_role(self._vs.db, Caller.unlimited(author), kind, holder, grant)
        self._note(author, f"grant {role} to {holder}", grant.repos, grant.branches)

    def revoke_role(self, kind: Holder, holder: str, role: str, place: str, author: str) -> None:
        """Take a role away."""
        from datavc.access import roles
        from datavc.access.caller import Caller
        from datavc.model.role import make_grant

        grant = make_grant(role, place)
        roles.revoke_role(self._vs.db, Caller.unlimited(author), kind, holder, grant)
        self._note(author, f"revoke {role} of {holder}", grant.repos, grant.branches)

    def list_roles(self) -> list[RoleBinding]:
        """The roles that were given."""
        from datavc.access import roles
        from datavc.access.caller import Caller
        from datavc.model.account import LOCAL

        found = roles.list_roles(self._vs.db, Caller.unlimited(LOCAL))
        return [binding for _, binding in found]

    def create_token(
        self,
        account: str | None,
        name: str,
        scopes: Sequence[str],
        expires_us: int | None,
        author: str,
    ) -> NewToken:
        """Make a token."""
        from datavc.access import tokens

        if account is None:
            raise InvalidInput(
                "without a server there is nobody whose token it could be",
                hint="name one: --account NAME",
            )
        made = tokens.create_token(
            self._vs.db, account, name=name, scopes=scopes, expires_us=expires_us
        )
        self._note(author, f"create token {made.info.id} of {account}")
        return made

    def list_tokens(self, account: str | None) -> list[TokenInfo]:
        """Tokens without their secrets."""
        from datavc.access import tokens

        return list(tokens.list_tokens(self._vs.db, account))

    def revoke_token(self, token_id: str, author: str) -> None:
        """Let a token hold no more."""
        from datavc.access import tokens

        tokens.revoke_token(self._vs.db, token_id)
        self._note(author, f"revoke token {token_id}")

    def audit_log(
        self, account: str, repo: str, outcome: str, since: str, until: str
    ) -> Iterator[AuditEntry]:
        """Changes and refusals, newest first."""
        from datavc.access import audit
        from datavc.db.clock import now_us
        from datavc.model.audit import AuditFilter
        from datavc.model.moment import parse_moment

        now = now_us()
        wanted = AuditFilter(
            account,
            repo,
            outcome,
            parse_moment(since, now) if since else None,
            parse_moment(until, now) if until else None,
        )
        before: int | None = None
        while found := audit.read_log(self._vs.db, wanted, _PAGE, before):
            yield from found
            before = found[-1].id

    def _note(self, author: str, request: str, repo: str = "", branch: str = "") -> None:
        from datavc.access import audit
        from datavc.db.clock import now_us
        from datavc.model.audit import AuditEntry, Outcome

        entry = AuditEntry(
            0, now_us(), author, "", request, repo, branch, Outcome.DONE, 0, "", "", ""
        )
        audit.record(self._vs.db, entry)
