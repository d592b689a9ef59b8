"""Accounts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, status
from pydantic import Field, Strict

from datavc.access import accounts
from datavc.model.account import AccountInfo, AccountKind, Limits
from datavc_server.body_model import BodyModel
from datavc_server.paging import Page, decode_name, page_of
from datavc_server.state import AccountName, Author, Cursor, Limit, State

router = APIRouter(prefix="/auth/accounts", tags=["access"])


class NewAccount(BodyModel):
    """An account to be made."""

    name: str = Field(examples=["ada@example.com"])
    kind: Annotated[AccountKind, Strict(False)] = AccountKind.USER


class NewLimits(BodyModel):
    """How much an account may take; null for any number."""

    max_bytes: int | None = None
    max_repos: int | None = None
    requests_per_minute: int | None = None


class AccountChange(BodyModel):
    """What is to be different; what is left out stays as it is."""

    disabled: bool | None = Field(default=None, description="Whether it is let in no more.")
    limits: NewLimits | None = Field(default=None, description="All limits; null sets none.")
    issuer: str | None = Field(default=None, description="Of an OIDC provider, with `subject`.")
    subject: str | None = Field(default=None, description="Who it is there; empty for nobody.")


@router.get("")
def list_accounts(state: State, limit: Limit = 1000, cursor: Cursor = None) -> Page[AccountInfo]:
    """All accounts by name, also those of pipelines, with the roles that they were given."""
    found = accounts.list_accounts(state.vs.db, decode_name(cursor), limit + 1)
    return page_of(found, limit, lambda one: one.name)


@router.post("", status_code=status.HTTP_201_CREATED)
def create_account(new: NewAccount, state: State, author: Author) -> AccountInfo:
    """Make an account, which may do nothing until it is given a role."""
    return accounts.create_account(state.vs.db, new.name, new.kind, author=author)


@router.get("/{account}")
def get_account(account: AccountName, state: State) -> AccountInfo:
    """One account."""
    return accounts.get_account(state.vs.db, account)


@router.patch("/{account}")
def change_account(account: AccountName, change: AccountChange, state: State) -> AccountInfo:
    """Disable or enable an account, set its limits, link it to an OIDC subject."""
    found = accounts.get_account(state.vs.db, account)
    if change.limits is not None:
        found = accounts.set_limits(state.vs.db, account, Limits(**change.limits.model_dump()))
    if change.issuer is not None or change.subject is not None:
        issuer, subject = change.issuer or "", change.subject or ""
        found = accounts.set_link(state.vs.db, account, issuer, subject)
    if change.disabled is not None:
        found = accounts.set_disabled(state.vs.db, account, disabled=change.disabled)
    return found


@router.delete("/{account}", status_code=status.HTTP_204_NO_CONTENT)
def delete_account(account: AccountName, state: State) -> None:
    """Delete an account with its tokens and roles; what it has done stays written down.

    That of a pipeline goes with the pipeline alone.
    """
    accounts.delete_account(state.vs.db, account)
