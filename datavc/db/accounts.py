"""Queries on accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, delete, select, update

from datavc.db import groups, role_bindings
from datavc.db.conflict_insert import insert_into
from datavc.db.tables import Account, RoleBindingRow, S3Key
from datavc.errors import AlreadyExists, NotFound
from datavc.model.account import ADMIN, AccountInfo, AccountKind, Limits
from datavc.model.role import Grant, Role


@dataclass(frozen=True, slots=True)
class Granted:
    """An account, and what it was given itself."""

    id: int
    is_disabled: bool
    grants: tuple[Grant, ...]


def create(
    conn: Connection, name: str, kind: AccountKind, *, author: str, time_us: int
) -> int | None:
    """Add an account; its id, or ``None`` when the name is taken."""
    statement = insert_into(conn, Account).values(
        name=name, kind=kind.value, disabled=0, author=author, created_us=time_us
    )
    found: int | None = conn.execute(
        statement.on_conflict_do_nothing().returning(Account.c.id)
    ).scalar()
    return found


def id_of(conn: Connection, name: str) -> int:
    """The id of the account called *name*.

    Raises:
        NotFound: there is none.
    """
    found: int | None = conn.execute(select(Account.c.id).where(Account.c.name == name)).scalar()
    if found is None:
        raise _missing(name)
    return found


def get(conn: Connection, name: str) -> AccountInfo:
    """The account called *name*.

    Raises:
        NotFound: there is none.
    """
    row = conn.execute(select(Account).where(Account.c.name == name)).first()
    if row is None:
        raise _missing(name)
    return _infos(conn, [row])[0]


def kind_of(conn: Connection, name: str) -> AccountKind:
    """What stands behind the account called *name*.

    Raises:
        NotFound: there is none.
    """
    kind = conn.execute(select(Account.c.kind).where(Account.c.name == name)).scalar()
    if kind is None:
        raise _missing(name)
    return AccountKind(kind)


def find_granted(conn: Connection, name: str) -> Granted | None:
    """What the account called *name* was given itself; ``None`` for no account.

    One query: this is asked for each job.
    """
    roles = RoleBindingRow.c
    statement = (
        select(Account.c.id, Account.c.disabled, roles.role, roles.repos, roles.branches)
        .outerjoin_from(Account, RoleBindingRow, roles.account_id == Account.c.id)
        .where(Account.c.name == name)
    )
    rows = conn.execute(statement).all()
    if not rows:
        return None
    grants = [Grant(Role(row.role), row.repos, row.branches) for row in rows if row.role]
    return Granted(rows[0].id, bool(rows[0].disabled), tuple(grants))


def any_made(conn: Connection) -> bool:
    """Whether anybody has made an account: it is no pipeline's, nor that of a server's token."""
    statement = select(Account.c.id).where(
        Account.c.name != ADMIN, Account.c.kind != AccountKind.PIPELINE.value
    )
    return conn.execute(statement.limit(1)).first() is not None


def find_linked(conn: Connection, issuer: str, subject: str) -> AccountInfo | None:
    """The account that is linked to a subject of an OIDC provider."""
    statement = select(Account).where(Account.c.issuer == issuer, Account.c.subject == subject)
    row = conn.execute(statement).first()
    return None if row is None else _infos(conn, [row])[0]


def list_page(conn: Connection, after: str, limit: int) -> list[AccountInfo]:
    """At most *limit* accounts by name, from the first name past *after*."""
    statement = select(Account).where(Account.c.name > after).order_by(Account.c.name)
    return _infos(conn, conn.execute(statement.limit(limit)).all())


def set_disabled(conn: Connection, name: str, *, disabled: bool) -> None:
    """Let an account in no more, or again.

    Raises:
        NotFound: there is none of that name.
    """
    _change(conn, name, {"disabled": int(disabled)})


def set_limits(conn: Connection, name: str, limits: Limits) -> None:
    """Say how much an account may take.

    Raises:
        NotFound: there is none of that name.
    """
    _change(
        conn,
        name,
        {
            "max_bytes": limits.max_bytes,
            "max_repos": limits.max_repos,
            "requests_per_minute": limits.requests_per_minute,
        },
    )


def set_link(conn: Connection, name: str, issuer: str | None, subject: str | None) -> None:
    """Say who an account is to an OIDC provider, or that it is nobody.

    Raises:
        NotFound: there is none of that name.
        AlreadyExists: another account is that one.
    """
    if issuer is not None and subject is not None:
        other = find_linked(conn, issuer, subject)
        if other is not None and other.name != name:
            raise AlreadyExists(
                f"{subject!r} of {issuer} is account {other.name!r} already",
                hint="unlink that account first",
            )
    _change(conn, name, {"issuer": issuer, "subject": subject})


def remove(conn: Connection, name: str) -> None:
    """Delete an account with its tokens, S3 access keys and roles.

    Raises:
        NotFound: there is none of that name.
    """
    if not discard(conn, name):
        raise _missing(name)


def discard(conn: Connection, name: str) -> bool:
    """As :func:`remove`; whether there was one."""
    # A key names its account: the next one of that name must not be opened by it.
    conn.execute(delete(S3Key).where(S3Key.c.account == name))
    return conn.execute(delete(Account).where(Account.c.name == name)).rowcount == 1


def _change(conn: Connection, name: str, values: dict[str, object]) -> None:
    statement = update(Account).where(Account.c.name == name).values(**values)
    if conn.execute(statement).rowcount != 1:
        raise _missing(name)


def _missing(name: str) -> NotFound:
    return NotFound(f"account {name!r} does not exist", hint="see `datavc auth account list`")


def _infos(conn: Connection, rows: Sequence[Row[tuple[object, ...]]]) -> list[AccountInfo]:
    ids = [row.id for row in rows]
    members = groups.groups_by_account(conn, ids)
    roles = role_bindings.own_grants(conn, ids)
    return [_info(row, members.get(row.id, ()), roles.get(row.id, ())) for row in rows]


def _info(
    row: Row[tuple[object, ...]], groups_of: tuple[str, ...], grants: tuple[Grant, ...]
) -> AccountInfo:
    return AccountInfo(
        row.name,
        AccountKind(row.kind),
        bool(row.disabled),
        groups_of,
        row.issuer or "",
        row.subject or "",
        Limits(row.max_bytes, row.max_repos, row.requests_per_minute),
        row.author,
        row.created_us,
        tuple(map(str, grants)),
    )
