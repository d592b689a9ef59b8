"""Queries on the roles of accounts and groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, case, delete, or_, select, tuple_

from datavc.db.tables import Account, GroupMember, RoleBindingRow
from datavc.model.account import Holder, RoleBinding
from datavc.model.role import Grant, Role

#: Where a role stands in the list of all: kind and name of its holder, repos, branches, row.
Place = tuple[str, str, str, str, int]


def add(
    conn: Connection,
    grant: Grant,
    *,
    account_id: int | None,
    group: str | None,
    author: str,
    time_us: int,
) -> bool:
    """Give a role to an account or a group; ``False`` where that one has it."""
    if conn.execute(select(RoleBindingRow.c.id).where(*_same(grant, account_id, group))).first():
        return False
    conn.execute(
        RoleBindingRow.insert().values(
            account_id=account_id,
            group_name=group,
            role=grant.role.value,
            repos=grant.repos,
            branches=grant.branches,
            author=author,
            created_us=time_us,
        )
    )
    return True


def remove(conn: Connection, grant: Grant, *, account_id: int | None, group: str | None) -> bool:
    """Take a role away; ``False`` where there is no such one."""
    statement = delete(RoleBindingRow).where(*_same(grant, account_id, group))
    return conn.execute(statement).rowcount > 0


def grants_of(conn: Connection, account_id: int) -> tuple[Grant, ...]:
    """What an account was given, itself and by its groups."""
    columns = RoleBindingRow.c
    its_groups = select(GroupMember.c.group_name).where(GroupMember.c.account_id == account_id)
    statement = (
        select(columns.role, columns.repos, columns.branches)
        .where(or_(columns.account_id == account_id, columns.group_name.in_(its_groups)))
        .order_by(columns.repos, columns.branches, columns.role)
        .distinct()
    )
    return tuple(
        Grant(Role(role), repos, branches) for role, repos, branches in conn.execute(statement)
    )


def own_grants(conn: Connection, account_ids: Collection[int]) -> dict[int, tuple[Grant, ...]]:
    """What some accounts were given themselves, by the account's id; nothing of their groups'."""
    columns = RoleBindingRow.c
    statement = (
        select(columns.account_id, columns.role, columns.repos, columns.branches)
        .where(columns.account_id.in_(account_ids))
        .order_by(columns.repos, columns.branches, columns.role)
    )
    found: defaultdict[int, list[Grant]] = defaultdict(list)
    for account_id, role, repos, branches in conn.execute(statement):
        if account_id is not None:
            found[account_id].append(Grant(Role(role), repos, branches))
    return {account_id: tuple(grants) for account_id, grants in found.items()}


def list_page(conn: Connection, after: Place | None, limit: int) -> list[tuple[Place, RoleBinding]]:
    """At most *limit* roles by who has them and where, each with its place in that order.

    Args:
        conn: the database.
        after: the place that the first one comes after; ``None`` begins with the first of all.
        limit: so many at most.
    """
    columns = RoleBindingRow.c
    is_account = columns.account_id.is_not(None)
    kind = case((is_account, Holder.ACCOUNT.value), else_=Holder.GROUP.value)
    holder = case((is_account, Account.c.name), else_=columns.group_name)
    order = (kind, holder, columns.repos, columns.branches, columns.id)
    statement = (
        select(
            kind.label("kind"),
            holder.label("holder"),
            columns.role,
            columns.repos,
            columns.branches,
            columns.author,
            columns.created_us,
            columns.id,
        )
        .outerjoin_from(RoleBindingRow, Account, Account.c.id == columns.account_id)
        .order_by(*order)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(tuple_(*order) > tuple_(*after))
    return [
        (
            (row.kind, row.holder, row.repos, row.branches, row.id),
            RoleBinding(
                Holder(row.kind),
                row.holder,
                row.role,
                row.repos,
                row.branches,
                row.author,
                row.created_us,
            ),
        )
        for row in conn.execute(statement)
    ]


def _same(
    grant: Grant, account_id: int | None, group: str | None
) -> tuple[ColumnElement[bool], ...]:
    columns = RoleBindingRow.c
    return (
        columns.account_id == account_id if group is None else columns.group_name == group,
        columns.role == grant.role.value,
        columns.repos == grant.repos,
        columns.branches == grant.branches,
    )
