"""Webhooks in a datavc in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datavc.model.webhook import DeliveryInfo, MadeWebhook, WebhookInfo
    from datavc.versioning.versioned_store import VersionedStore


class EmbeddedWebhooks:
    """See :class:`~datavc.client.webhook_transport.WebhookTransport`."""

    _vs: VersionedStore

    @property
    def inbound_webhooks(self) -> None:
        """None: nobody can send anything to this process."""
        return

    def create_webhook(
        self, url: str, events: Sequence[str], author: str, *, repo: str, secret: str | None
    ) -> MadeWebhook:
        """Have a URL told of what happens."""
        from datavc.engine import webhooks

        return webhooks.create_webhook(self._vs, url, events, author, repo=repo, secret=secret)

    def list_webhooks(self) -> list[WebhookInfo]:
        """All webhooks."""
        from datavc.engine import webhooks

        return webhooks.list_webhooks(self._vs)

    def delete_webhook(self, webhook: str) -> None:
        """Delete a webhook."""
        from datavc.engine import webhooks

        webhooks.delete_webhook(self._vs, webhook)

    def list_deliveries(self, webhook: str, limit: int) -> list[DeliveryInfo]:
        """What was and is to be delivered, the newest first."""
        from datavc.engine import webhooks

        return webhooks.list_deliveries(self._vs, webhook, limit)
