"""Secrets. Their values come in, and never go out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, status
from pydantic import Base64Bytes, Field, Strict

from datavc.engine import secrets
from datavc.model.secret import SecretInfo
from datavc_server.body_model import BodyModel
from datavc_server.paging import Page, page_list
from datavc_server.state import Author, Cursor, Limit, State

SecretName = Annotated[str, Path(description="A secret's name.", examples=["warehouse"])]

router = APIRouter(prefix="/secrets", tags=["secrets"])


class NewSecret(BodyModel):
    """A secret to be made."""

    name: str = Field(examples=["warehouse"])
    values: dict[str, Annotated[Base64Bytes, Strict(False)]] = Field(
        description="By their names, in base64.",
        repr=False,
        examples=[{"password": "aHVudGVyMg=="}],
    )


@router.get("")
def list_secrets(state: State, limit: Limit = 1000, cursor: Cursor = None) -> Page[SecretInfo]:
    """All secrets by name, without their values."""
    return page_list(secrets.list_secrets(state.vs), limit, cursor, lambda one: one.name)


@router.post("", status_code=status.HTTP_201_CREATED)
def create_secret(
    new: NewSecret,
    state: State,
    author: Author,
    update: Annotated[bool, Query(description="Put it in the place of one that exists.")] = False,
) -> SecretInfo:
    """Make a secret; it is encrypted before it is written down."""
    return secrets.create_secret(state.vs, new.name, new.values, author, update=update)


@router.delete("/{secret}", status_code=status.HTTP_204_NO_CONTENT)
def delete_secret(
    secret: SecretName,
    state: State,
    force: Annotated[bool, Query(description="Even if pipelines use it.")] = False,
) -> None:
    """Delete a secret."""
    secrets.delete_secret(state.vs, secret, force=force)
