"""Queries on the roles of accounts and groups."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, or_, select

from datavc.db.tables import Account, GroupMember, RoleBindingRow
from datavc.model.account import Holder, RoleBinding
from datavc.model.role import Grant, Role


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


def list_all(conn: Connection) -> list[RoleBinding]:
    """All roles that were given, by who has them."""
    columns = RoleBindingRow.c
    statement = select(
        Account.c.name.label("account"),
        columns.group_name,
        columns.role,
        columns.repos,
        columns.branches,
        columns.author,
        columns.created_us,
    ).outerjoin_from(RoleBindingRow, Account, Account.c.id == columns.account_id)
    rows: Sequence[RoleBinding] = [
        RoleBinding(
            Holder.GROUP if row.account is None else Holder.ACCOUNT,
            row.group_name if row.account is None else row.account,
            row.role,
            row.repos,
            row.branches,
            row.author,
            row.created_us,
        )
        for row in conn.execute(statement)
    ]
    return sorted(rows, key=lambda one: (one.holder_kind, one.holder, one.repos, one.branches))


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
