"""Webhooks: who is told of what happens, and what became of each message."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, status
from pydantic import Field

from datavc.engine import webhooks
from datavc.model.webhook import DeliveryInfo, MadeWebhook, WebhookInfo
from datavc_server.body_model import BodyModel
from datavc_server.paging import Page, decode_cursor, no_cursor, page_list, page_of
from datavc_server.state import Author, Cursor, Limit, State

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

_WebhookId = Annotated[
    str, Path(description="A webhook's id, or a unique start of it.", examples=["0f3a9c5d7e1b"])
]


class NewWebhook(BodyModel):
    """Somebody who is to be told of what happens."""

    url: str = Field(
        description="`https://` or `http://`, without credentials, at a public address.",
        max_length=8192,
        examples=["https://ci.example.com/hooks/datavc"],
    )
    events: list[str] = Field(
        default=[],
        max_length=16,
        description="`commit`, `merge`, `job`; without any, all of them.",
        examples=[["commit", "job"]],
    )
    repo: str = Field(
        default="",
        description="Only of this repo, or of the jobs of the pipeline that writes it.",
    )
    secret: str | None = Field(
        default=None,
        max_length=1024,
        repr=False,
        description="What messages are signed with; made by the server when it is not given.",
    )


@router.get("")
def list_webhooks(state: State, limit: Limit = 1000, cursor: Cursor = None) -> Page[WebhookInfo]:
    """All webhooks, the oldest first, without their secrets."""
    return page_list(webhooks.list_webhooks(state.vs), limit, cursor, lambda one: one.id)


@router.post("", status_code=status.HTTP_201_CREATED)
def create_webhook(new: NewWebhook, state: State, author: Author) -> MadeWebhook:
    """Have a URL told of what happens from now on. The secret is told in this answer alone."""
    return webhooks.create_webhook(
        state.vs, new.url, new.events, author, repo=new.repo, secret=new.secret
    )


@router.delete("/{webhook}", status_code=status.HTTP_204_NO_CONTENT)
def delete_webhook(webhook: _WebhookId, state: State) -> None:
    """Delete a webhook; what was not delivered to it yet never is."""
    webhooks.delete_webhook(state.vs, webhook)


@router.get("/{webhook}/deliveries")
def list_deliveries(
    webhook: _WebhookId, state: State, limit: Limit = 100, cursor: Cursor = None
) -> Page[DeliveryInfo]:
    """What was and is to be delivered, the newest first."""
    place = decode_cursor(cursor)
    if place and not (place.isascii() and place.isdecimal() and len(place) < 19):
        raise no_cursor(cursor)
    before = int(place) if place else None
    found = webhooks.list_deliveries(state.vs, webhook, limit + 1, before)
    return page_of(iter(found), limit, lambda one: str(one.id))
