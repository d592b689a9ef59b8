"""Verbs on webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datavc.client.base import ClientBase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datavc.model.webhook import DeliveryInfo, MadeWebhook, WebhookInfo


class WebhookVerbs(ClientBase):
    """Who is told of what happens. Messages are delivered by ``datavc serve``."""

    def create_webhook(
        self, url: str, *, events: Sequence[str] = (), repo: str = "", secret: str | None = None
    ) -> MadeWebhook:
        """Have a URL told of what happens from now on.

        Args:
            url: ``https://`` or ``http://``, without credentials.
            events: of ``commit``, ``merge`` and ``job``; without any, all of them.
            repo: only of this repo, or of the jobs of the pipeline that writes it.
            secret: what messages are signed with, of 16 characters at least; made when not given.

        Raises:
            InvalidInput: the URL is malformed, an event does not exist, or the secret is short.
            NotFound: there is no such repo.
        """
        return self.transport.create_webhook(url, events, self.author, repo=repo, secret=secret)

    def list_webhooks(self) -> list[WebhookInfo]:
        """All webhooks, the oldest first, without their secrets."""
        return self.transport.list_webhooks()

    def delete_webhook(self, webhook: str) -> None:
        """Delete a webhook; what was not delivered to it yet never is.

        Args:
            webhook: its id, or a unique start of it.

        Raises:
            NotFound: there is no such webhook.
        """
        self.transport.delete_webhook(webhook)

    def list_deliveries(self, webhook: str, *, limit: int = 100) -> list[DeliveryInfo]:
        """What was and is to be delivered to a webhook, the newest first.

        Raises:
            NotFound: there is no such webhook.
        """
        return self.transport.list_deliveries(webhook, limit)
