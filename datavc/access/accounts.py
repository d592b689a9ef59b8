"""Accounts and groups."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from datavc.access.batches import BATCH, in_batches
from datavc.db import accounts, groups
from datavc.db.clock import now_us
from datavc.db.session import Database
from datavc.errors import AlreadyExists, InvalidInput, NotFound
from datavc.model.account import (
    ADMIN,
    AccountInfo,
    AccountKind,
    GroupInfo,
    Limits,
    check_account_name,
)


def create_account(
    db: Database, name: str, kind: AccountKind = AccountKind.USER, *, author: str
) -> AccountInfo:
    """Make an account, which may do nothing until it is given a role.

    Raises:
        InvalidName: none may be called so.
        InvalidInput: it would be a pipeline's, which is made with the pipeline.
        AlreadyExists: there is one of that name.
    """
    check_account_name(name)
    if kind is AccountKind.PIPELINE:
        raise InvalidInput(
            "the account of a pipeline is made with the pipeline",
            hint="make one of the kind service, or create the pipeline",
        )
    with db.write() as conn:
        if accounts.create(conn, name, kind, author=author, time_us=now_us()) is None:
            raise AlreadyExists(f"account {name!r} exists already", hint="choose another name")
        return accounts.get(conn, name)


def get_account(db: Database, name: str) -> AccountInfo:
    """One account.

    Raises:
        NotFound: there is none of that name.
    """
    with db.read() as conn:
        return accounts.get(conn, name)


def list_accounts(db: Database, after: str = "", batch: int = BATCH) -> Iterator[AccountInfo]:
    """Accounts by name, from the first name past *after*; *batch* of them are read at once."""
    return in_batches(
        lambda last: _accounts_past(db, after if last is None else last.name, batch), batch
    )


def set_disabled(db: Database, name: str, *, disabled: bool) -> AccountInfo:
    """Let an account in no more, or again; its tokens and roles stay.

    Raises:
        NotFound: there is none of that name.
    """
    with db.write() as conn:
        accounts.set_disabled(conn, name, disabled=disabled)
        return accounts.get(conn, name)


def set_limits(db: Database, name: str, limits: Limits) -> AccountInfo:
    """Say how much an account may take.

    Raises:
        NotFound: there is none of that name.
        InvalidInput: a limit is below 0, or lets no request through.
    """
    given = (limits.max_bytes, limits.max_repos)
    if any(one is not None and one < 0 for one in given):
        raise InvalidInput("a limit is below 0")
    if limits.requests_per_minute is not None and limits.requests_per_minute < 1:
        raise InvalidInput(
            "an account without any request can do nothing",
            hint=f"disable it: datavc auth account disable {name}",
        )
    with db.write() as conn:
        accounts.set_limits(conn, name, limits)
        return accounts.get(conn, name)


def set_link(db: Database, name: str, issuer: str, subject: str) -> AccountInfo:
    """Say who an account is to an OIDC provider; two empty texts for nobody.

    Raises:
        NotFound: there is none of that name.
        InvalidInput: only one of the two is given, or it is a pipeline's account.
        AlreadyExists: another account is that one.
    """
    if bool(issuer) != bool(subject):
        raise InvalidInput("an issuer and a subject belong together", hint="give both")
    with db.write() as conn:
        if issuer:
            _check_no_pipeline(conn, name, "nobody logs in as one")
        accounts.set_link(conn, name, issuer or None, subject or None)
        return accounts.get(conn, name)


def find_linked(db: Database, issuer: str, subject: str) -> AccountInfo | None:
    """The account that a subject of an OIDC provider is; ``None`` for nobody."""
    with db.read() as conn:
        return accounts.find_linked(conn, issuer, subject)


def delete_account(db: Database, name: str) -> None:
    """Delete an account with its tokens and roles; what it has done stays written down.

    Raises:
        NotFound: there is none of that name.
        InvalidInput: it is a pipeline's account, which goes with the pipeline.
    """
    with db.write() as conn:
        _check_no_pipeline(
            conn,
            name,
            f"delete the pipeline, or take away what it may do: datavc auth account disable {name}",
        )
        accounts.remove(conn, name)


def ensure_admin(db: Database) -> None:
    """Make the account that a server's own token belongs to, unless it is there."""
    with db.read() as conn:
        try:
            accounts.id_of(conn, ADMIN)
        except NotFound:
            pass
        else:
            return
    with db.write() as conn:
        accounts.create(conn, ADMIN, AccountKind.SERVICE, author="server", time_us=now_us())


def create_group(db: Database, name: str, *, author: str) -> GroupInfo:
    """Make an empty group.

    Raises:
        InvalidName: none may be called so.
        AlreadyExists: there is one of that name.
    """
    check_account_name(name, "a group")
    time_us = now_us()
    with db.write() as conn:
        if not groups.create(conn, name, author=author, time_us=time_us):
            raise AlreadyExists(f"group {name!r} exists already", hint="choose another name")
    return GroupInfo(name, (), author, time_us)


def list_groups(db: Database, after: str = "", batch: int = BATCH) -> Iterator[GroupInfo]:
    """Groups by name, from the first name past *after*; *batch* of them are read at once."""
    return in_batches(
        lambda last: _groups_past(db, after if last is None else last.name, batch), batch
    )


def delete_group(db: Database, name: str) -> None:
    """Delete a group with its roles; its members stay.

    Raises:
        NotFound: there is none of that name.
    """
    with db.write() as conn:
        groups.remove(conn, name)


def add_member(db: Database, group: str, account: str) -> None:
    """Put an account into a group, if it is not in it.

    Raises:
        NotFound: there is no such group or account.
        InvalidInput: it is a pipeline's account, whose roles are what its spec needs.
    """
    with db.write() as conn:
        groups.check(conn, group)
        _check_no_pipeline(conn, account, "its roles are what its spec needs, and no others")
        groups.add_member(conn, group, accounts.id_of(conn, account))


def remove_member(db: Database, group: str, account: str) -> None:
    """Take an account out of a group.

    Raises:
        NotFound: there is no such group or account, or it is not in it.
    """
    with db.write() as conn:
        groups.check(conn, group)
        if not groups.remove_member(conn, group, accounts.id_of(conn, account)):
            raise NotFound(f"account {account!r} is not in group {group!r}")


def _accounts_past(db: Database, after: str, limit: int) -> list[AccountInfo]:
    with db.read() as conn:
        return accounts.list_page(conn, after, limit)


def _groups_past(db: Database, after: str, limit: int) -> list[GroupInfo]:
    with db.read() as conn:
        return groups.list_page(conn, after, limit)


def _check_no_pipeline(conn: Connection, name: str, hint: str) -> None:
    if accounts.kind_of(conn, name) is AccountKind.PIPELINE:
        raise InvalidInput(f"account {name!r} is a pipeline's own", hint=hint)
