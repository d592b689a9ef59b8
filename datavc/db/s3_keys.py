"""Queries on the access keys of the S3 gateway; secrets are encrypted before they come here."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from datavc.db.tables import S3Key
from datavc.model.s3_key import S3KeyInfo


def add(conn: Connection, info: S3KeyInfo, sealed: bytes) -> None:
    """Add a key."""
    conn.execute(
        insert(S3Key).values(
            id=info.id,
            sealed=sealed,
            account=info.account,
            read_only=int(info.read_only),
            created_us=info.created_us,
        )
    )


def find(conn: Connection, key_id: str) -> tuple[S3KeyInfo, bytes] | None:
    """A key and its encrypted secret, or ``None``."""
    columns = S3Key.c
    row = conn.execute(
        select(columns.account, columns.read_only, columns.created_us, columns.sealed).where(
            columns.id == key_id
        )
    ).first()
    if row is None:
        return None
    account, read_only, created_us, sealed = row
    return S3KeyInfo(key_id, account, bool(read_only), created_us), sealed


def list_all(conn: Connection) -> list[S3KeyInfo]:
    """All keys, the oldest first."""
    columns = S3Key.c
    statement = select(columns.id, columns.account, columns.read_only, columns.created_us)
    return [
        S3KeyInfo(key_id, account, bool(read_only), created_us)
        for key_id, account, read_only, created_us in conn.execute(
            statement.order_by(columns.created_us, columns.id)
        )
    ]


def remove(conn: Connection, key_id: str) -> bool:
    """Delete a key; ``False`` when there is none."""
    return conn.execute(delete(S3Key).where(S3Key.c.id == key_id)).rowcount == 1
