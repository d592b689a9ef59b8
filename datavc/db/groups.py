"""Queries on groups of accounts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import Connection, delete, select

from datavc.db.conflict_insert import insert_if_new
from datavc.db.tables import Account, AccountGroup, GroupMember
from datavc.errors import NotFound
from datavc.model.account import GroupInfo


def create(conn: Connection, name: str, *, author: str, time_us: int) -> bool:
    """Add a group; ``False`` when the name is taken."""
    return insert_if_new(
        conn, AccountGroup, {"name": name, "author": author, "created_us": time_us}
    )


def check(conn: Connection, name: str) -> None:
    """Make sure that there is a group called *name*.

    Raises:
        NotFound: there is none.
    """
    if conn.execute(select(AccountGroup.c.name).where(AccountGroup.c.name == name)).first() is None:
        raise _missing(name)


def remove(conn: Connection, name: str) -> None:
    """Delete a group with its roles.

    Raises:
        NotFound: there is none of that name.
    """
    if conn.execute(delete(AccountGroup).where(AccountGroup.c.name == name)).rowcount != 1:
        raise _missing(name)


def add_member(conn: Connection, name: str, account_id: int) -> bool:
    """Put an account into a group; ``False`` when it is in it already."""
    return insert_if_new(conn, GroupMember, {"group_name": name, "account_id": account_id})


def remove_member(conn: Connection, name: str, account_id: int) -> bool:
    """Take an account out of a group; ``False`` when it is not in it."""
    statement = delete(GroupMember).where(
        GroupMember.c.group_name == name, GroupMember.c.account_id == account_id
    )
    return conn.execute(statement).rowcount == 1


def groups_of(conn: Connection, account_id: int) -> tuple[str, ...]:
    """The groups that an account is in, by name."""
    statement = (
        select(GroupMember.c.group_name)
        .where(GroupMember.c.account_id == account_id)
        .order_by(GroupMember.c.group_name)
    )
    return tuple(conn.execute(statement).scalars())


def groups_by_account(conn: Connection, account_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The groups of some accounts, by the account's id."""
    columns = GroupMember.c
    statement = (
        select(columns.account_id, columns.group_name)
        .where(columns.account_id.in_(account_ids))
        .order_by(columns.group_name)
    )
    found: defaultdict[int, list[str]] = defaultdict(list)
    for account_id, name in conn.execute(statement):
        found[account_id].append(name)
    return {account_id: tuple(names) for account_id, names in found.items()}


def list_page(conn: Connection, after: str, limit: int) -> list[GroupInfo]:
    """At most *limit* groups by name, with their members, from the first name past *after*."""
    statement = (
        select(AccountGroup).where(AccountGroup.c.name > after).order_by(AccountGroup.c.name)
    )
    rows = conn.execute(statement.limit(limit)).all()
    members: defaultdict[str, list[str]] = defaultdict(list)
    pairs = (
        select(GroupMember.c.group_name, Account.c.name)
        .join(Account, Account.c.id == GroupMember.c.account_id)
        .where(GroupMember.c.group_name.in_([row.name for row in rows]))
        .order_by(Account.c.name)
    )
    for group, account in conn.execute(pairs):
        members[group].append(account)
    return [
        GroupInfo(row.name, tuple(members[row.name]), row.author, row.created_us) for row in rows
    ]


def _missing(name: str) -> NotFound:
    return NotFound(f"group {name!r} does not exist", hint="see `datavc auth group list`")
