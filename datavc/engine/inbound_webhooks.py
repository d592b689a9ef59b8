"""Webhooks that come in: making and changing them, and the runs that their messages start."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from datavc.db import inbound_webhooks as rows
from datavc.db.clock import now_us
from datavc.db.inbound_webhooks import InboundWebhookRow
from datavc.engine import pipeline_control
from datavc.engine.pipelines import get_pipeline
from datavc.engine.secret_box import SecretBox
from datavc.errors import AlreadyExists, Conflict, InvalidInput, NotFound
from datavc.model.ids import new_id
from datavc.model.inbound_webhook import (
    HOOKS_PATH,
    REMEMBERED_S,
    SECRET_PREFIX,
    CheckedMessage,
    InboundWebhookInfo,
    MadeInboundWebhook,
    MessageHeaders,
    StartedRun,
    check_message,
    check_pointer,
    read_parameters,
)
from datavc.model.job import JobInfo
from datavc.model.pipeline import parse_pipeline_spec
from datavc.versioning.branches import get_branch
from datavc.versioning.versioned_store import VersionedStore

#: Longest time for which a secret that was replaced may go on to hold, in seconds.
LONGEST_OVERLAP = 7 * 24 * 3600
_VALUE = "secret"
_SECRET_SIZE = 32


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message that was signed with the secret of a webhook."""

    webhook: InboundWebhookRow
    message: CheckedMessage
    #: Of its body.
    digest: bytes
    body: bytes = field(repr=False)


def create_inbound_webhook(
    vs: VersionedStore,
    author: str,
    *,
    pipeline: str = "",
    branch: tuple[str, str] | None = None,
    parameters: Mapping[str, str] | None = None,
    account: str = "",
) -> MadeInboundWebhook:
    """Make a URL that runs a pipeline, or whatever reads a branch.

    Args:
        vs: where.
        author: who makes it.
        pipeline: the pipeline, or ...
        branch: ... the repo and the branch.
        parameters: of the pipeline, each with the JSON Pointer of its value in a message.
        account: by whose right runs start; ``""`` where everybody may do everything.

    Raises:
        InvalidInput: neither or both are given; or the pipeline has no such parameter, or a
            pointer is malformed.
        NotFound: there is no such pipeline, repo or branch.
        DatavcError: the cryptography package is not installed.
    """
    if bool(pipeline) is (branch is not None):
        raise InvalidInput(
            "a webhook runs either a pipeline or what reads a branch", hint="name one of them"
        )
    pointers = {key: check_pointer(one) for key, one in (parameters or {}).items()}
    if pipeline:
        spec = parse_pipeline_spec(get_pipeline(vs, pipeline).spec)
        spec.with_parameters(dict.fromkeys(pointers, ""))
    elif pointers:
        raise InvalidInput(
            "parameters are of one pipeline, and a branch may have many readers",
            hint="make a webhook of the pipeline",
        )
    repo, name = branch or ("", "")
    if repo:
        get_branch(vs, repo, name)
    info = InboundWebhookInfo(
        new_id(), pipeline, f"{repo}@{name}" if repo else "", False, author, now_us(), None,
        parameters=pointers,
    )  # fmt: skip
    secret, sealed = _new_secret(vs, info.id)
    with vs.db.write() as conn:
        rows.add(conn, InboundWebhookRow(info, pipeline, repo, name, account, sealed, None))
    return MadeInboundWebhook(info, secret, HOOKS_PATH + info.id)


def list_inbound_webhooks(vs: VersionedStore) -> list[InboundWebhookRow]:
    """All webhooks that come in, the oldest first."""
    with vs.db.read() as conn:
        return rows.list_all(conn)


def find_inbound_webhook(vs: VersionedStore, webhook: str) -> InboundWebhookRow:
    """The webhook that *webhook* names: its id, or a unique start of it.

    Raises:
        NotFound: there is none, or several.
    """
    known = list_inbound_webhooks(vs)
    found = [one for one in known if webhook and one.info.id.startswith(webhook)]
    if len(found) != 1:
        raise NotFound(
            f"{webhook!r} names {'no webhook' if not found else 'several webhooks'} that come in",
            hint="see `datavc webhook inbound list`",
        )
    return found[0]


def set_disabled(vs: VersionedStore, webhook: str, *, disabled: bool) -> InboundWebhookInfo:
    """Let a webhook start nothing any more, or start runs again.

    Raises:
        NotFound: as :func:`find_inbound_webhook`.
    """
    found = find_inbound_webhook(vs, webhook).info.id
    with vs.db.write() as conn:
        rows.set_disabled(conn, found, disabled=disabled)
    return find_inbound_webhook(vs, found).info


def rotate_secret(vs: VersionedStore, webhook: str, overlap: float) -> MadeInboundWebhook:
    """Give a webhook another secret.

    Args:
        vs: where.
        webhook: its id, or a unique start of it.
        overlap: seconds for which the one before holds as well.

    Raises:
        NotFound: as :func:`find_inbound_webhook`.
        InvalidInput: the overlap is negative, or longer than a week.
    """
    if not 0 <= overlap <= LONGEST_OVERLAP:
        raise InvalidInput("the secret before may hold for up to a week", hint="give seconds")
    found = find_inbound_webhook(vs, webhook).info.id
    secret, sealed = _new_secret(vs, found)
    with vs.db.write() as conn:
        rows.set_secret(conn, found, sealed, previous_until_us=now_us() + round(overlap * 1e6))
    return MadeInboundWebhook(find_inbound_webhook(vs, found).info, secret, HOOKS_PATH + found)


def delete_inbound_webhook(vs: VersionedStore, webhook: str) -> None:
    """Delete a webhook.

    Raises:
        NotFound: as :func:`find_inbound_webhook`.
    """
    found = find_inbound_webhook(vs, webhook).info.id
    with vs.db.write() as conn:
        rows.remove(conn, found)


def receive(
    vs: VersionedStore, webhook: str, headers: MessageHeaders, body: bytes
) -> ReceivedMessage | None:
    """The message, if it was signed with the secret of a webhook that is there and not disabled.

    Raises:
        AccessDenied: the secret was encrypted with another key than this server has.
    """
    with vs.db.read() as conn:
        row = rows.find(conn, webhook)
    # One that there is not is told from one whose secret is not known by nothing.
    known = [_random_secret()] if row is None else _open_secrets(vs, row)
    message = check_message(known, headers, body, now=time.time())
    if row is None or message is None or row.info.disabled:
        return None
    return ReceivedMessage(row, message, hashlib.sha256(body).digest(), body)


def start_run(vs: VersionedStore, received: ReceivedMessage) -> StartedRun:
    """Start what a message asks for, once however often it comes.

    Raises:
        InvalidInput: the message lacks the value of a parameter.
        NotFound: the pipeline is gone.
        Conflict: another body has come under its id before; or nothing can be run: the pipeline is
            stopped, an input has no commit, or nothing reads the branch.
    """
    done = _find_started(vs, received)
    if done is not None:
        return done
    webhook, author = received.webhook, f"webhook {received.webhook.info.id[:12]}"
    try:
        if webhook.pipeline:
            job = pipeline_control.run_pipeline(
                vs,
                webhook.pipeline,
                author,
                parameters=read_parameters(webhook.info.parameters, received.body),
                extra=_remembering(received),
            )
            return _started([job])
        branch = (webhook.repo, webhook.branch)
        return _started(
            pipeline_control.run_readers(vs, branch, author, extra=_remembering(received))
        )
    except AlreadyExists:
        # It came twice at the same time, and the other one was first.
        done = _find_started(vs, received)
        if done is None:
            raise
        return done


def _remembering(received: ReceivedMessage) -> Callable[[Connection, Sequence[JobInfo]], None]:
    def remember(conn: Connection, made: Sequence[JobInfo]) -> None:
        message, now = received.message, now_us()
        until_us = now + REMEMBERED_S * 1_000_000 if message.is_dated else None
        is_new = rows.remember(
            conn,
            received.webhook.info.id,
            message.id,
            received.digest,
            _started(made),
            time_us=now,
            until_us=until_us,
        )
        if not is_new:
            raise AlreadyExists("the same message has come meanwhile")

    return remember


def _started(made: Sequence[JobInfo]) -> StartedRun:
    return StartedRun(made[0].run_id, tuple(job.id for job in made))


def _find_started(vs: VersionedStore, received: ReceivedMessage) -> StartedRun | None:
    with vs.db.read() as conn:
        found = rows.find_message(conn, received.webhook.info.id, received.message.id)
    if found is None:
        return None
    if found.digest != received.digest:
        raise Conflict(
            "another message has come under that id", hint="give each message an id of its own"
        )
    return found.started


def _new_secret(vs: VersionedStore, webhook: str) -> tuple[str, bytes]:
    secret = _random_secret()
    return secret, SecretBox(vs.home).seal(_name(webhook), {_VALUE: secret.encode()})


def _random_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_SIZE)).decode()


def _open_secrets(vs: VersionedStore, row: InboundWebhookRow) -> list[str]:
    sealed = [row.sealed]
    if row.previous is not None and (row.info.previous_until_us or 0) > now_us():
        sealed.append(row.previous)
    box = SecretBox(vs.home)
    return [box.open(_name(row.info.id), one)[_VALUE].decode() for one in sealed]


def _name(webhook: str) -> str:
    # No secret of a user can have this name, so one is never taken for the other.
    return f"inbound webhook:{webhook}"
