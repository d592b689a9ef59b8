"""Where messages of webhooks come in."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response, status
from starlette.concurrency import run_in_threadpool

from datavc.access import caller as access
from datavc.access.key_holder import holder_of
from datavc.db.inbound_webhooks import InboundWebhookRow
from datavc.engine import inbound_webhooks
from datavc.engine.inbound_webhooks import ReceivedMessage
from datavc.errors import AccessDenied, ErrorCode
from datavc.model.inbound_webhook import MessageHeaders, StartedRun
from datavc.model.role import Action
from datavc_server.asking import Asker, Asking
from datavc_server.encoded_slash import decode_slashes
from datavc_server.hook_limits import SIGNED, WRITTEN
from datavc_server.problem import problem, too_many_requests
from datavc_server.request_body import read_blocks
from datavc_server.state import ServerState, State

_log = logging.getLogger("datavc.webhooks")

router = APIRouter(prefix="/hooks", tags=["webhooks"])

#: Largest body of a message, in bytes: whoever sends it is not known before it was read.
MAX_BODY = 1024 * 1024
#: GitHub's event that only tries whether somebody answers.
_PING = "ping"
_BODY = {
    "security": [],
    "requestBody": {
        "description": "Anything; a signature is of just these bytes. 1 MiB at most.",
        "content": {"application/json": {"example": {"type": "data.ready"}}},
    },
}


def _header(name: str, description: str) -> object:
    return Header(alias=name, max_length=4096, description=description)


@router.post(
    "/{hook}",
    status_code=status.HTTP_201_CREATED,
    responses={200: {"model": StartedRun, "description": "It had come before, or starts nothing."}},
    openapi_extra=_BODY,
)
async def receive_message(
    hook: Annotated[str, Path(description="The id of a webhook that comes in.")],
    request: Request,
    response: Response,
    state: State,
    asker: Asker,
    webhook_id: Annotated[str, _header("webhook-id", "By Standard Webhooks: of the message.")] = "",
    webhook_timestamp: Annotated[
        str, _header("webhook-timestamp", "Seconds since 1970, up to 5 minutes from now.")
    ] = "",
    webhook_signature: Annotated[
        str, _header("webhook-signature", "`v1,` and base64 of the HMAC-SHA256.")
    ] = "",
    hub_signature: Annotated[
        str, _header("X-Hub-Signature-256", "By GitHub, instead of those three.")
    ] = "",
    event: Annotated[str, _header("X-GitHub-Event", "`ping` starts nothing.")] = "",
) -> StartedRun:
    """Start what a webhook is for. Wants no token: the message is signed with the secret.

    A message that comes again, which its id tells, or GitHub's body, starts nothing more: the
    answer is the run of the first time.
    """
    body = b"".join([bytes(block) async for block in read_blocks(request, MAX_BODY)])
    headers = MessageHeaders(webhook_id, webhook_timestamp, webhook_signature, hub_signature)
    received = await run_in_threadpool(_receive, state, decode_slashes(hook), headers, body)
    if received is None:
        # Past the declared model, as are the other answers that are none.
        return _refuse(state, asker)  # type: ignore[return-value]
    name = received.webhook.info.id
    asker.facts.account = f"webhook {name[:12]}"
    asker.facts.repo = received.webhook.pipeline or received.webhook.repo
    asker.facts.branch = received.webhook.branch
    refusal = state.hooks.signed.take(name, SIGNED)
    if refusal is not None:
        detail = f"a webhook may start {SIGNED} runs a minute"
        asker.facts.is_flood = not refusal.is_first
        asker.facts.refuse(detail)
        return too_many_requests(detail, refusal.wait)  # type: ignore[return-value]
    if event == _PING and hub_signature:
        response.status_code = HTTPStatus.OK
        return StartedRun(None, ())
    started = await run_in_threadpool(_start, state, received)
    if started.repeated:
        response.status_code = HTTPStatus.OK
    return started


def _receive(
    state: ServerState, hook: str, headers: MessageHeaders, body: bytes
) -> ReceivedMessage | None:
    try:
        return inbound_webhooks.receive(state.vs, hook, headers, body)
    except AccessDenied as error:
        # For whoever runs the server, and not for whoever sends messages.
        _log.error("webhook %s cannot be opened: %s", hook[:12], error)
        return None


def _start(state: ServerState, received: ReceivedMessage) -> StartedRun:
    webhook = received.webhook
    # The right of whoever made it may have gone meanwhile.
    if webhook.account and not _may_start(state, webhook):
        raise AccessDenied(
            f"account {webhook.account!r}, whose webhook it is, may not start that any more",
            hint="make the webhook anew by another account",
        )
    return inbound_webhooks.start_run(state.vs, received)


def _may_start(state: ServerState, webhook: InboundWebhookRow) -> bool:
    try:
        holder = holder_of(state.vs.db, webhook.account, webhook.info.id)
    except AccessDenied:
        return False
    repo, branch = webhook.pipeline or webhook.repo, webhook.branch or None
    return access.may(holder, Action.WRITE, repo, branch)


def _refuse(state: ServerState, asker: Asking) -> Response:
    detail = "the message is not signed as it should be"
    flood = state.hooks.unsigned.take(asker.facts.address, WRITTEN)
    asker.facts.is_flood = flood is not None and not flood.is_first
    asker.facts.refuse(detail)
    return problem(
        HTTPStatus.UNAUTHORIZED,
        ErrorCode.ACCESS_DENIED.value,
        detail,
        hint="look at the URL, the secret, and the clock",
        headers={"WWW-Authenticate": "Webhook-Signature"},
    )
