"""Tokens, and who their bearer is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, status
from pydantic import Field

from datavc.access import quotas, tokens
from datavc.errors import AccessDenied, InvalidInput, NotFound
from datavc.model.account import AccountKind, NewToken, TokenInfo, WhoAmI
from datavc.model.role import Action
from datavc_server.asking import Asker, Asking
from datavc_server.body_model import BodyModel
from datavc_server.paging import Page, decode_name, newest_first, page_of, time_and_name
from datavc_server.state import Cursor, Limit, State

router = APIRouter(prefix="/auth", tags=["access"])


class TokenWanted(BodyModel):
    """A token to be made."""

    account: str | None = Field(default=None, description="Whose; without it, one's own.")
    name: str = Field(default="", description="What it is for.", examples=["nightly import"])
    scopes: list[str] = Field(
        default=[],
        description="What it may be used for at most, as `ROLE:REPOS@BRANCHES`.",
        examples=[["reader:images"]],
    )
    expires_us: int | None = Field(
        default=None, description="When it ends, in microseconds since 1970; null for never."
    )


@router.get("/whoami")
def who_am_i(state: State, asker: Asker) -> WhoAmI:
    """Who the server takes the bearer of this token for, and what that one may do."""
    caller = asker.caller
    return WhoAmI(
        caller.account,
        caller.kind.value,
        caller.groups,
        tuple(map(str, caller.grants)),
        caller.token,
        tuple(map(str, caller.scopes)),
        caller.token_expires_us,
        caller.limits,
        quotas.usage(state.vs.db, caller),
    )


@router.get("/tokens")
def list_tokens(
    state: State,
    asker: Asker,
    account: Annotated[
        str | None, Query(description="Whose; without it, one's own, and an admin's is all.")
    ] = None,
    limit: Limit = 1000,
    cursor: Cursor = None,
) -> Page[TokenInfo]:
    """Tokens without their secrets, newest first; those as well that hold no more."""
    whose = account
    if whose is None and not asker.may(Action.ADMINISTER):
        whose = asker.caller.account
    if whose != asker.caller.account:
        asker.require(Action.ADMINISTER)
    after = None if cursor is None else time_and_name(decode_name(cursor))
    found = tokens.list_tokens(state.vs.db, whose, after, limit + 1)
    return page_of(found, limit, lambda one: newest_first(one.created_us, one.id))


@router.post("/tokens", status_code=status.HTTP_201_CREATED)
def create_token(wanted: TokenWanted, state: State, asker: Asker) -> NewToken:
    """Make a token; its secret is in this answer, and nowhere else.

    A token that is narrowed down makes none, and none that is made outlives the one it is made by.
    Those of pipelines are made by admins alone.
    """
    account = wanted.account or asker.caller.account
    if account != asker.caller.account or asker.caller.kind is AccountKind.PIPELINE:
        asker.require(Action.ADMINISTER)
    return tokens.create_token(
        state.vs.db,
        account,
        name=wanted.name,
        scopes=wanted.scopes,
        expires_us=_end(asker, wanted.expires_us),
    )


@router.delete("/tokens/{token}", status_code=status.HTTP_204_NO_CONTENT)
def revoke_token(
    token: Annotated[str, Path(description="A token's id.")], state: State, asker: Asker
) -> None:
    """Let a token hold no more, from the next request on."""
    try:
        found = tokens.find_token(state.vs.db, token)
        is_mine = found.account == asker.caller.account
    except NotFound:
        is_mine = False
    if not is_mine and not asker.may(Action.ADMINISTER):
        raise asker.hide(
            NotFound(f"there is no token {token!r} that holds", hint="see `datavc auth token list`")
        )
    tokens.revoke_token(state.vs.db, token)


def _end(asker: Asking, wanted: int | None) -> int | None:
    """When a new token ends.

    Raises:
        AccessDenied: the token that is shown makes none.
        InvalidInput: it would outlive the one that is shown.
    """
    if asker.caller.scopes:
        raise AccessDenied(
            f"the token {asker.caller.token} is narrowed down, and makes no others",
            hint="use one without scopes",
        )
    mine = asker.caller.token_expires_us
    if mine is None or wanted is None:
        return mine if wanted is None else wanted
    if wanted > mine:
        raise InvalidInput(
            "the token would outlive the one that makes it", hint="choose an earlier time"
        )
    return wanted
