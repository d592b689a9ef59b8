"""Tokens: making them, and finding out whose they are.

A token is ``datavc_ID_SECRET``. The id finds it in the database, where only a digest of the whole
is kept; the secret has 256 random bits, so a quick hash is enough to keep it.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from datavc.access.batches import BATCH, in_batches
from datavc.access.caller import Caller
from datavc.db import accounts, groups, requests, role_bindings, tokens
from datavc.db.clock import now_us
from datavc.db.session import Database
from datavc.errors import AccessDenied, InvalidInput, NotFound
from datavc.model.account import LOCAL, NewToken, TokenInfo
from datavc.model.ids import digest_of
from datavc.model.role import parse_grant

#: Tokens start so, by which programs that look for leaked ones recognise them.
PREFIX = "datavc"
_FORM = re.compile(PREFIX + r"_([0-9a-f]{16})_[A-Za-z0-9_-]{43}")
_MAX_NAME = 200
#: The use of a token is noted once a minute at most, so that reading does not write.
_USE_GRAIN_US = 60_000_000


def create_token(
    db: Database,
    account: str,
    *,
    name: str = "",
    scopes: Sequence[str] = (),
    expires_us: int | None = None,
) -> NewToken:
    """Make a token for an account; this is the only time that all of it is known.

    Args:
        db: where.
        account: whose.
        name: what it is for.
        scopes: grants that it is narrowed down to; none for all that the account may do.
        expires_us: when it ends; ``None`` for never.

    Raises:
        NotFound: there is no such account.
        InvalidInput: a scope is malformed, the name too long, or the end has passed.
    """
    now = now_us()
    if expires_us is not None and expires_us <= now:
        raise InvalidInput("the token would have ended already", hint="choose a later time")
    if len(name) > _MAX_NAME:
        raise InvalidInput(f"the token's name has more than {_MAX_NAME} characters")
    cleaned = tuple(str(parse_grant(scope)) for scope in scopes)
    token_id = secrets.token_hex(8)
    token = f"{PREFIX}_{token_id}_{secrets.token_urlsafe(32)}"
    info = TokenInfo(token_id, account, name, cleaned, now, expires_us, None, None)
    with db.write() as conn:
        tokens.add(conn, info, hash_token(token), accounts.id_of(conn, account))
    return NewToken(token, info)


def list_tokens(
    db: Database,
    account: str | None = None,
    after: tuple[int, str] | None = None,
    batch: int = BATCH,
) -> Iterator[TokenInfo]:
    """The tokens of an account, or of all, newest first; those as well that hold no more.

    Args:
        db: where.
        account: whose; ``None`` for all.
        after: when the one before the first was made, and its id; ``None`` begins with the newest.
        batch: so many are read at once.

    Raises:
        NotFound: there is no such account.
    """
    if account is not None:
        with db.read() as conn:
            accounts.id_of(conn, account)

    def past(last: TokenInfo | None) -> list[TokenInfo]:
        place = after if last is None else (last.created_us, last.id)
        with db.read() as conn:
            return tokens.list_page(conn, account, place, batch)

    return in_batches(past, batch)


def find_token(db: Database, token_id: str) -> TokenInfo:
    """One token, by its id.

    Raises:
        NotFound: there is none.
    """
    with db.read() as conn:
        known = tokens.find(conn, token_id)
    if known is None:
        raise _missing(token_id)
    return known.info


def revoke_token(db: Database, token_id: str) -> None:
    """Let a token hold no more, from the next request on.

    Raises:
        NotFound: there is none, or it was revoked before.
    """
    with db.write() as conn:
        if not tokens.revoke(conn, token_id, now_us()):
            raise _missing(token_id)


def any_token(db: Database) -> bool:
    """Whether any token was ever made here."""
    with db.read() as conn:
        return tokens.any_is_there(conn)


def authenticate(db: Database, token: str) -> Caller:
    """The caller that shows *token*.

    Raises:
        AccessDenied: nobody's token is so, or it holds no more. All are told alike but for one
            that is genuine, whose owner is told why.
    """
    form = _FORM.fullmatch(token)
    if form is None:
        raise _wrong()
    now = now_us()
    with db.read() as conn:
        known = tokens.find(conn, form[1])
        # The comparison takes the same time for a token that there is not.
        expected = known.digest if known is not None else bytes(32)
        is_right = hmac.compare_digest(hash_token(token), expected)
        if known is None or not is_right:
            raise _wrong()
        caller = _caller_of(conn, known, now)
    last = known.info.last_used_us
    if last is None or last < now - _USE_GRAIN_US:
        with db.write(durable=False) as conn:
            tokens.note_use(conn, known.info.id, now, _USE_GRAIN_US)
    return caller


def check_again(db: Database, caller: Caller) -> Caller:
    """Whoever was let in a while ago, as that one would be let in now.

    Raises:
        AccessDenied: it would not be: the token was revoked or has expired, or the account is
            disabled; or tokens are wanted by now.
    """
    if not caller.token:
        if caller.account == LOCAL and any_token(db):
            raise _wrong()
        return caller
    with db.read() as conn:
        known = tokens.find(conn, caller.token)
        if known is None:
            raise _wrong()
        return _caller_of(conn, known, now_us())


def is_first_login(db: Database, id_token: str) -> bool:
    """Whether an ID token comes for the first time within a day; it is remembered."""
    digest = hash_token(id_token)
    with db.write() as conn:
        return requests.add(conn, f"oidc-{digest.hex()}", digest, {}, time_us=now_us())


def hash_token(token: str) -> bytes:
    """What is kept of a token, and compared: the time that takes says nothing of the token."""
    return digest_of(token.encode("utf-8", "surrogateescape"))


def _caller_of(conn: Connection, known: tokens.Known, now: int) -> Caller:
    _check_holds(known, now)
    return Caller(
        known.info.account,
        known.kind,
        known.account_id,
        role_bindings.grants_of(conn, known.account_id),
        known.info.id,
        tuple(parse_grant(scope) for scope in known.info.scopes),
        known.info.expires_us,
        known.limits,
        groups.groups_of(conn, known.account_id),
    )


def _check_holds(known: tokens.Known, now: int) -> None:
    problem = ""
    if known.info.revoked_us is not None:
        problem = "was revoked"
    elif known.info.expires_us is not None and known.info.expires_us <= now:
        problem = "has expired"
    elif known.is_disabled:
        raise AccessDenied(
            f"account {known.info.account!r} is disabled", hint="ask an admin to enable it"
        )
    if problem:
        raise AccessDenied(
            f"the token {known.info.id} {problem}", hint="make a new one: datavc auth token create"
        )


def _wrong() -> AccessDenied:
    return AccessDenied("the token is wrong", hint="see `datavc auth login`, or set DATAVC_TOKEN")


def _missing(token_id: str) -> NotFound:
    return NotFound(
        f"there is no token {token_id!r} that holds", hint="see `datavc auth token list`"
    )
