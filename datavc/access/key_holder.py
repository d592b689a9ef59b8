"""Whose an S3 access key is, and what that one may do.

A key names an account. While there are no accounts, that is just a name to write down.
"""

from __future__ import annotations

from datavc.access.caller import Caller
from datavc.db import accounts, groups, role_bindings, tokens
from datavc.db.session import Database
from datavc.errors import AccessDenied, NotFound
from datavc.model.account import ADMIN


def has_accounts(db: Database) -> bool:
    """Whether there is a token, or an account besides the one of a server's own token."""
    with db.read() as conn:
        return tokens.any_is_there(conn) or accounts.any_other_than(conn, ADMIN)


def check_holder(db: Database, account: str) -> None:
    """Make sure that a new key may be of *account*.

    Raises:
        NotFound: there are accounts, and none of that name.
    """
    if has_accounts(db):
        with db.read() as conn:
            accounts.id_of(conn, account)


def holder_of(db: Database, account: str, key_id: str) -> Caller:
    """The account of a key, as one that asks.

    Raises:
        AccessDenied: there is no such account, or it is let in no more.
    """
    with db.read() as conn:
        try:
            account_id = accounts.id_of(conn, account)
        except NotFound:
            raise AccessDenied(
                f"the access key {key_id} is of {account!r}, which is no account",
                hint="ask an admin for a key of your own",
            ) from None
        info = accounts.get(conn, account)
        if info.is_disabled:
            raise AccessDenied(f"account {account!r} is disabled", hint="ask an admin to enable it")
        return Caller(
            account,
            info.kind,
            account_id,
            role_bindings.grants_of(conn, account_id),
            key_id,
            limits=info.limits,
            groups=groups.groups_of(conn, account_id),
        )
