"""Logging in by an OIDC provider."""

from __future__ import annotations

from fastapi import APIRouter, status
from pydantic import BaseModel, Field

from datavc.access.accounts import find_linked
from datavc.access.tokens import create_token, is_first_login
from datavc.db.clock import now_us
from datavc.errors import AccessDenied, NotFound
from datavc.model.account import NewToken
from datavc_server.asking import Asker
from datavc_server.body_model import BodyModel
from datavc_server.oidc import OidcProvider
from datavc_server.state import ServerState, State

router = APIRouter(prefix="/auth/oidc", tags=["access"])

#: How long a token holds that somebody logged in for, in microseconds.
_SESSION_US = 12 * 3600 * 1_000_000


class Provider(BaseModel):
    """Where people log in."""

    issuer: str
    client_id: str


class Login(BodyModel):
    """What somebody has of the provider."""

    id_token: str = Field(
        repr=False,
        max_length=65536,
        description="As the provider gave it.",
        examples=["eyJhbGciOiJSUzI1NiJ9..."],
    )
    nonce: str = Field(
        min_length=16,
        max_length=256,
        repr=False,
        description="What was asked to be put into it.",
        examples=["5f0c2a91d3b84e675f0c2a91d3b84e67"],
    )


@router.get("", responses={404: {"description": "There is none."}})
def get_provider(state: State) -> Provider:
    """Where people log in; open to everybody."""
    provider = _provider(state)
    return Provider(issuer=provider.issuer, client_id=provider.client_id)


@router.post("", status_code=status.HTTP_201_CREATED)
def log_in(login: Login, state: State, asker: Asker) -> NewToken:
    """Turn an ID token, once, into a token of the account that is linked to its subject.

    It holds for 12 hours.
    """
    provider = _provider(state)
    subject = provider.subject_of(login.id_token, login.nonce)
    account = find_linked(state.vs.db, provider.issuer, subject)
    if account is None:
        raise AccessDenied(
            f"no account is linked to {subject!r} of {provider.issuer}",
            hint="ask an admin: datavc auth account link ACCOUNT ISSUER SUBJECT",
        )
    asker.facts.account = account.name
    if account.is_disabled:
        raise AccessDenied(
            f"account {account.name!r} is disabled", hint="ask an admin to enable it"
        )
    if not is_first_login(state.vs.db, login.id_token):
        raise AccessDenied("the ID token was used before", hint="log in again")
    return create_token(state.vs.db, account.name, name="log in", expires_us=now_us() + _SESSION_US)


def _provider(state: ServerState) -> OidcProvider:
    if state.oidc is None:
        raise NotFound(
            "this server has no OIDC provider", hint="log in by a token: datavc auth login"
        )
    return state.oidc
