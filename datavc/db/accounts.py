"""Queries on accounts."""

from __future__ import annotations

from sqlalchemy import Connection, Row, delete, select, update

from datavc.db import groups
from datavc.db.conflict_insert import insert_into
from datavc.db.tables import Account, S3Key
from datavc.errors import AlreadyExists, NotFound
from datavc.model.account import AccountInfo, AccountKind, Limits


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
    return _info(row, groups.groups_of(conn, row.id))


def any_other_than(conn: Connection, name: str) -> bool:
    """Whether there is an account that is not called *name*."""
    return (
        conn.execute(select(Account.c.id).where(Account.c.name != name).limit(1)).first()
        is not None
    )


def find_linked(conn: Connection, issuer: str, subject: str) -> AccountInfo | None:
    """The account that is linked to a subject of an OIDC provider."""
    statement = select(Account).where(Account.c.issuer == issuer, Account.c.subject == subject)
    row = conn.execute(statement).first()
    return None if row is None else _info(row, groups.groups_of(conn, row.id))


def list_all(conn: Connection) -> list[AccountInfo]:
    """All accounts by name."""
    members = groups.groups_by_account(conn)
    rows = conn.execute(select(Account).order_by(Account.c.name))
    return [_info(row, members.get(row.id, ())) for row in rows]


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
    # A key names its account: the next one of that name must not be opened by it.
    conn.execute(delete(S3Key).where(S3Key.c.account == name))
    if conn.execute(delete(Account).where(Account.c.name == name)).rowcount != 1:
        raise _missing(name)


def _change(conn: Connection, name: str, values: dict[str, object]) -> None:
    statement = update(Account).where(Account.c.name == name).values(**values)
    if conn.execute(statement).rowcount != 1:
        raise _missing(name)


def _missing(name: str) -> NotFound:
    return NotFound(f"account {name!r} does not exist", hint="see `datavc auth account list`")


def _info(row: Row[tuple[object, ...]], groups_of: tuple[str, ...]) -> AccountInfo:
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
    )
