"""Webhooks that come in: making and changing them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, status
from pydantic import Field

from datavc.db.inbound_webhooks import InboundWebhookRow
from datavc.engine import inbound_webhooks
from datavc.errors import NotFound
from datavc.model.inbound_webhook import InboundWebhookInfo, MadeInboundWebhook
from datavc.model.role import Action
from datavc_server.asking import Asker, Asking
from datavc_server.body_model import BodyModel
from datavc_server.encoded_slash import decode_slashes
from datavc_server.paging import Page, page_list
from datavc_server.routers.pipelines import check_pipeline
from datavc_server.state import Author, Cursor, Limit, ServerState, State

router = APIRouter(prefix="/inbound-webhooks", tags=["webhooks"])

_HookId = Annotated[
    str, Path(description="A webhook's id, or a unique start of it.", examples=["0f3a9c5d7e1b"])
]


class ReadBranch(BodyModel):
    """A branch whose readers are run."""

    repo: str = Field(examples=["images"])
    branch: str = Field(examples=["main"])


class NewInboundWebhook(BodyModel):
    """What messages are to start: a pipeline, or all that read a branch."""

    pipeline: str | None = Field(default=None, examples=["sizes"])
    branch: ReadBranch | None = None
    parameters: dict[str, str] = Field(
        default={},
        max_length=100,
        description="Parameters of the pipeline, each with the JSON Pointer of its value in the "
        "body of a message. Nothing else of a body is looked at.",
        examples=[{"REVISION": "/head_commit/id"}],
    )


class InboundWebhookChange(BodyModel):
    """What is to be changed."""

    disabled: bool = Field(description="Whether it starts nothing.", examples=[True])


class NewSecret(BodyModel):
    """How a secret is replaced."""

    overlap_seconds: float = Field(
        default=0,
        ge=0,
        le=inbound_webhooks.LONGEST_OVERLAP,
        allow_inf_nan=False,
        description="For so long the one before holds as well.",
    )


@router.get("")
def list_inbound_webhooks(
    state: State, asker: Asker, limit: Limit = 1000, cursor: Cursor = None
) -> Page[InboundWebhookInfo]:
    """The webhooks whose pipeline or repo one may maintain, the oldest first; without secrets."""
    rows = inbound_webhooks.list_inbound_webhooks(state.vs)
    found = [row.info for row in rows if _may(asker, row)]
    return page_list(found, limit, cursor, lambda one: one.id)


@router.post("", status_code=status.HTTP_201_CREATED)
def create_inbound_webhook(
    new: NewInboundWebhook, state: State, author: Author, asker: Asker
) -> MadeInboundWebhook:
    """Make a URL that starts runs. The secret is told in this answer alone.

    Runs start by the right of the account that has made it, as long as that one has it.
    """
    branch = None
    if new.pipeline is not None:
        check_pipeline(asker, new.pipeline, Action.MAINTAIN)
    if new.branch is not None:
        branch = (new.branch.repo, new.branch.branch)
        asker.require(Action.MAINTAIN, *branch)
    caller = asker.caller
    return inbound_webhooks.create_inbound_webhook(
        state.vs,
        author,
        pipeline=new.pipeline or "",
        branch=branch,
        parameters=new.parameters,
        account="" if caller.account_id is None else caller.account,
    )


@router.patch("/{hook}")
def change_inbound_webhook(
    hook: _HookId, change: InboundWebhookChange, state: State, asker: Asker
) -> InboundWebhookInfo:
    """Let a webhook start nothing any more, or start runs again."""
    found = _find(state, asker, hook)
    return inbound_webhooks.set_disabled(state.vs, found, disabled=change.disabled)


@router.post("/{hook}/secret", status_code=status.HTTP_201_CREATED)
def rotate_secret(hook: _HookId, new: NewSecret, state: State, asker: Asker) -> MadeInboundWebhook:
    """Give a webhook another secret, which is told in this answer alone."""
    found = _find(state, asker, hook)
    return inbound_webhooks.rotate_secret(state.vs, found, new.overlap_seconds)


@router.delete("/{hook}", status_code=status.HTTP_204_NO_CONTENT)
def delete_inbound_webhook(hook: _HookId, state: State, asker: Asker) -> None:
    """Delete a webhook: its URL starts nothing any more."""
    inbound_webhooks.delete_inbound_webhook(state.vs, _find(state, asker, hook))


def _find(state: ServerState, asker: Asking, hook: str) -> str:
    """The id of a webhook, for whom may maintain what it runs; for all others there is none."""
    asked = decode_slashes(hook)
    row = inbound_webhooks.find_inbound_webhook(state.vs, asked)
    if not _may(asker, row):
        raise asker.hide(
            NotFound(
                f"{asked!r} names no webhook that comes in",
                hint="see `datavc webhook inbound list`",
            )
        )
    asker.facts.repo = row.pipeline or row.repo
    return row.info.id


def _may(asker: Asking, row: InboundWebhookRow) -> bool:
    return asker.may(Action.MAINTAIN, row.pipeline or row.repo, row.branch or None)
