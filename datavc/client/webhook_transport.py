"""What the SDK needs from a datavc for webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datavc.client.inbound_webhook_transport import InboundWebhookTransport
    from datavc.model.webhook import DeliveryInfo, MadeWebhook, WebhookInfo


class WebhookTransport(Protocol):
    """Webhooks."""

    @property
    def inbound_webhooks(self) -> InboundWebhookTransport | None:
        """Those that come in; ``None`` where there is no server that they could come in at."""

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
