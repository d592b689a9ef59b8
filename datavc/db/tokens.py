"""Queries on tokens, which let clients in. Only a hash of each is kept."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, or_, select

from datavc.db.conflict_insert import insert_if_new
from datavc.db.tables import Token
from datavc.errors import AlreadyExists
from datavc.model.ids import digest_of


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token; ``expires_us`` is ``None`` when it never does."""

    name: str
    created_us: int
    expires_us: int | None


def create(
    conn: Connection, name: str, secret: str, *, time_us: int, expires_us: int | None = None
) -> None:
    """Let *secret* in, under a name. It must be long and random, since its hash is a fast one.

    Raises:
        AlreadyExists: the name is taken, or the secret is in use.
    """
    row = {
        "name": name,
        "hash": _hash(secret),
        "created_us": time_us,
        "expires_us": expires_us,
    }
    if not insert_if_new(conn, Token, row):
        raise AlreadyExists(f"token {name!r} exists already", hint="choose another name")


def find_by_secret(conn: Connection, secret: str, *, at_us: int) -> TokenRow | None:
    """The token that this is, if it has not expired at *at_us*; else ``None``."""
    row = conn.execute(
        select(Token.c.name, Token.c.created_us, Token.c.expires_us).where(
            Token.c.hash == _hash(secret),
            or_(Token.c.expires_us.is_(None), Token.c.expires_us > at_us),
        )
    ).first()
    return None if row is None else TokenRow(*row)


def list_tokens(conn: Connection, *, after: str = "", limit: int = 1000) -> list[TokenRow]:
    """Tokens by name, from the first name past *after*; expired ones too."""
    rows = conn.execute(
        select(Token.c.name, Token.c.created_us, Token.c.expires_us)
        .where(Token.c.name > after)
        .order_by(Token.c.name)
        .limit(limit)
    )
    return [TokenRow(*row) for row in rows]


def remove(conn: Connection, name: str) -> bool:
    """Let it in no more; ``False`` when there is none of that name."""
    return conn.execute(delete(Token).where(Token.c.name == name)).rowcount == 1


def _hash(secret: str) -> bytes:
    return digest_of(secret.encode("utf-8"))
