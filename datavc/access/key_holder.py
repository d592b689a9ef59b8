"""Whose an S3 access key is, and what that one may do.

A key names an account. While there are no accounts, that is just a name to write down.
"""

from __future__ import annotations

from datavc.access.caller import Caller
from datavc.db import accounts, groups, role_bindings, tokens
from datavc.db.session import Database
from datavc.errors import AccessDenied, NotFound
from datavc.model.account import pipeline_of_account


def is_account(db: Database, name: str) -> bool:
    """Whether the holder of a key is an account, and no mere name.

    So it is once there is a token, or an account that somebody made; a pipeline always is one.
    """
    if pipeline_of_account(name) is not None:
        return True
    with db.read() as conn:
        return tokens.any_is_there(conn) or accounts.any_made(conn)


def check_holder(db: Database, account: str) -> None:
    """Make sure that a new key may be of *account*.

    Raises:
        NotFound: it would have to be an account, and there is none of that name.
    """
    if is_account(db, account):
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
