"""Queries on tokens, of which only digests are kept."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Row, and_, or_, select, update

from datavc.db.tables import Account, Token
from datavc.model.account import AccountKind, Limits, TokenInfo


@dataclass(frozen=True, slots=True)
class Known:
    """A token and the account that it belongs to."""

    info: TokenInfo
    digest: bytes
    account_id: int
    kind: AccountKind
    is_disabled: bool
    limits: Limits


def add(conn: Connection, info: TokenInfo, digest: bytes, account_id: int) -> None:
    """Keep a new token's digest."""
    conn.execute(
        Token.insert().values(
            id=info.id,
            account_id=account_id,
            name=info.name,
            digest=digest,
            scopes=list(info.scopes),
            created_us=info.created_us,
            expires_us=info.expires_us,
        )
    )


def find(conn: Connection, token_id: str) -> Known | None:
    """The token of that id, whether it still holds or not."""
    columns = Account.c
    statement = (
        select(
            Token,
            columns.name.label("account"),
            columns.kind,
            columns.disabled,
            columns.max_bytes,
            columns.max_repos,
            columns.requests_per_minute,
        )
        .join(Account, columns.id == Token.c.account_id)
        .where(Token.c.id == token_id)
    )
    row = conn.execute(statement).first()
    if row is None:
        return None
    limits = Limits(row.max_bytes, row.max_repos, row.requests_per_minute)
    kind = AccountKind(row.kind)
    return Known(_info(row), row.digest, row.account_id, kind, bool(row.disabled), limits)


def list_page(
    conn: Connection, account: str | None, after: tuple[int, str] | None, limit: int
) -> list[TokenInfo]:
    """At most *limit* tokens of an account, or of all, newest first.

    Args:
        conn: the database.
        account: whose; ``None`` for all.
        after: when the one before the first was made, and its id; ``None`` begins with the newest.
        limit: so many at most.
    """
    statement = select(Token, Account.c.name.label("account")).join(
        Account, Account.c.id == Token.c.account_id
    )
    if account is not None:
        statement = statement.where(Account.c.name == account)
    created, token_id = Token.c.created_us, Token.c.id
    if after is not None:
        time_us, last = after
        statement = statement.where(
            or_(created < time_us, and_(created == time_us, token_id > last))
        )
    rows = conn.execute(statement.order_by(created.desc(), token_id).limit(limit))
    return [_info(row) for row in rows]


def any_is_there(conn: Connection) -> bool:
    """Whether any token was ever made."""
    return conn.execute(select(Token.c.id).limit(1)).first() is not None


def revoke(conn: Connection, token_id: str, time_us: int) -> bool:
    """Let a token hold no more; ``False`` when it was revoked before, or there is none."""
    statement = update(Token).where(Token.c.id == token_id, Token.c.revoked_us.is_(None))
    return conn.execute(statement.values(revoked_us=time_us)).rowcount == 1


def note_use(conn: Connection, token_id: str, time_us: int, grain_us: int) -> None:
    """Remember when a token was used, unless that is known to within *grain_us*."""
    last = Token.c.last_used_us
    statement = update(Token).where(
        Token.c.id == token_id, or_(last.is_(None), last < time_us - grain_us)
    )
    conn.execute(statement.values(last_used_us=time_us))


def _info(row: Row[tuple[object, ...]]) -> TokenInfo:
    return TokenInfo(
        row.id,
        row.account,
        row.name,
        tuple(row.scopes),
        row.created_us,
        row.expires_us,
        row.last_used_us,
        row.revoked_us,
    )
