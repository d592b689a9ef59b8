"""Queries on secrets, which are encrypted before they come here."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from datavc.db.conflict_insert import insert_into
from datavc.db.tables import Secret
from datavc.model.secret import SecretInfo


def put(conn: Connection, info: SecretInfo, sealed: bytes, *, replace: bool) -> bool:
    """Add a secret, or replace one; ``False`` where there is one that may not be replaced."""
    values = {
        "value_names": list(info.keys),
        "sealed": sealed,
        "author": info.author,
        "created_us": info.created_us,
    }
    statement = insert_into(conn, Secret).values(name=info.name, **values)
    if replace:
        statement = statement.on_conflict_do_update(index_elements=["name"], set_=values)
    else:
        statement = statement.on_conflict_do_nothing()
    return conn.execute(statement.returning(Secret.c.name)).first() is not None


def remove(conn: Connection, name: str) -> bool:
    """Delete a secret; ``False`` when there is none."""
    return conn.execute(delete(Secret).where(Secret.c.name == name)).rowcount == 1


def list_all(conn: Connection) -> list[SecretInfo]:
    """All secrets by name."""
    columns = Secret.c
    statement = select(columns.name, columns.value_names, columns.author, columns.created_us)
    return [
        SecretInfo(name, tuple(keys), author, created_us)
        for name, keys, author, created_us in conn.execute(statement.order_by(columns.name))
    ]


def sealed(conn: Connection, names: Sequence[str]) -> dict[str, bytes]:
    """The encrypted values of secrets; unknown ones are left out."""
    statement = select(Secret.c.name, Secret.c.sealed).where(Secret.c.name.in_(names))
    return {row.name: row.sealed for row in conn.execute(statement)}
