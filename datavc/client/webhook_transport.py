"""What the SDK needs from a datavc for webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datavc.model.webhook import DeliveryInfo, MadeWebhook, WebhookInfo


class WebhookTransport(Protocol):
    """Webhooks."""

    def create_webhook(
        self, url: str, events: Sequence[str], author: str, *, repo: str, secret: str | None
    ) -> MadeWebhook:
        """Have a URL told of what happens."""

    def list_webhooks(self) -> list[WebhookInfo]:
        """All webhooks."""

    def delete_webhook(self, webhook: str) -> None:
        """Delete a webhook."""

    def list_deliveries(self, webhook: str, limit: int) -> list[DeliveryInfo]:
        """What was and is to be delivered, the newest first."""
