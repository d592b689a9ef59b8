"""Webhooks: making, listing and deleting them, and what became of their messages."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from datavc.db import webhooks as rows
from datavc.db.clock import now_us
from datavc.engine.secret_box import SecretBox
from datavc.errors import InvalidInput, NotFound
from datavc.model.ids import new_id
from datavc.model.source_uri import check_web
from datavc.model.webhook import DeliveryInfo, MadeWebhook, WebhookEvent, WebhookInfo
from datavc.versioning.repos import get_repo
from datavc.versioning.versioned_store import VersionedStore

#: Fewest characters of a secret that somebody has chosen.
MIN_SECRET = 16
_VALUE = "secret"


def create_webhook(
    vs: VersionedStore,
    url: str,
    events: Sequence[str],
    author: str,
    *,
    repo: str = "",
    secret: str | None = None,
) -> MadeWebhook:
    """Have a URL told of what happens from now on. Servers deliver; see ``datavc serve``.

    Args:
        vs: where.
        url: ``https://`` or ``http://``, without credentials.
        events: see :class:`~datavc.model.webhook.WebhookEvent`; none means all.
        author: who makes it.
        repo: only of this repo, or of the jobs of the pipeline that writes it.
        secret: what messages are signed with; made here when it is not given.

    Raises:
        InvalidInput: the URL is malformed, an event does not exist, or the secret is short.
        NotFound: there is no such repo.
        DatavcError: the cryptography package is not installed.
    """
    check_web(url)
    if repo:
        get_repo(vs, repo)
    if secret is not None and len(secret) < MIN_SECRET:
        raise InvalidInput(f"a webhook's secret has at least {MIN_SECRET} characters")
    chosen = secret or secrets.token_hex(32)
    info = WebhookInfo(new_id(), url, _events(events), repo, author, now_us())
    sealed = SecretBox(vs.home).seal(_name(info.id), {_VALUE: chosen.encode()})
    with vs.db.write() as conn:
        rows.add(conn, info, sealed)
    return MadeWebhook(info, chosen)


def list_webhooks(vs: VersionedStore) -> list[WebhookInfo]:
    """All webhooks, the oldest first."""
    with vs.db.read() as conn:
        return rows.list_all(conn)


def delete_webhook(vs: VersionedStore, webhook: str) -> None:
    """Delete a webhook; what was not delivered to it yet never is.

    Raises:
        NotFound: there is none that *webhook* names, its id or a unique start of it.
    """
    with vs.db.write() as conn:
        rows.remove(conn, _find(rows.list_all(conn), webhook).id)


def list_deliveries(
    vs: VersionedStore, webhook: str, limit: int = 100, before: int | None = None
) -> list[DeliveryInfo]:
    """What was and is to be delivered to a webhook, the newest first; *before* one, if given.

    Raises:
        NotFound: there is no such webhook.
    """
    with vs.db.read() as conn:
        found = _find(rows.list_all(conn), webhook)
        return rows.list_deliveries(conn, found.id, before=before, limit=limit)


def open_secret(vs: VersionedStore, webhook: str, sealed: bytes) -> str:
    """What the messages of a webhook are signed with.

    Raises:
        AccessDenied: this server has another key than the one that has made it, or none.
    """
    return SecretBox(vs.home).open(_name(webhook), sealed)[_VALUE].decode()


def _name(webhook: str) -> str:
    # No secret of a user can have this name, so one is never taken for the other.
    return f"webhook:{webhook}"


def _events(names: Sequence[str]) -> tuple[WebhookEvent, ...]:
    known = {event.value for event in WebhookEvent}
    for name in names:
        if name not in known:
            raise InvalidInput(
                f"{name!r} is no event of a webhook", hint=f"use {', '.join(sorted(known))}"
            )
    return tuple(event for event in WebhookEvent if not names or event.value in names)


def _find(known: Sequence[WebhookInfo], wanted: str) -> WebhookInfo:
    found = [one for one in known if wanted and one.id.startswith(wanted)]
    if len(found) != 1:
        raise NotFound(
            f"{wanted!r} names {'no webhook' if not found else 'several webhooks'}",
            hint="see `datavc webhook list`",
        )
    return found[0]
