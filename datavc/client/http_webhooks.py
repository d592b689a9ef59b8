"""Webhooks in a datavc on a server."""

from __future__ import annotations

from collections.abc import Sequence

from datavc.client.http_answer import by, decode
from datavc.client.http_inbound_webhooks import HttpInboundWebhooks
from datavc.client.http_pages import read_pages
from datavc.client.http_session import HttpSession, part
from datavc.model.webhook import DeliveryInfo, MadeWebhook, WebhookInfo


class HttpWebhooks:
    """See :class:`~datavc.client.webhook_transport.WebhookTransport`."""

    _session: HttpSession

    @property
    def inbound_webhooks(self) -> HttpInboundWebhooks:
        """Those that come in."""
        return HttpInboundWebhooks(self._session)

    def create_webhook(
        self, url: str, events: Sequence[str], author: str, *, repo: str, secret: str | None
    ) -> MadeWebhook:
        """Have a URL told of what happens."""
        body = {"url": url, "events": list(events), "repo": repo, "secret": secret}
        response = self._session.send("POST", "/webhooks", body=body, headers=by(author))
        return decode(response, MadeWebhook)

    def list_webhooks(self) -> list[WebhookInfo]:
        """All webhooks."""
        return read_pages(self._session, "/webhooks", WebhookInfo)

    def delete_webhook(self, webhook: str) -> None:
        """Delete a webhook."""
        self._session.send("DELETE", f"/webhooks/{part(webhook)}")

    def list_deliveries(self, webhook: str, limit: int) -> list[DeliveryInfo]:
        """What was and is to be delivered, the newest first."""
        path = f"/webhooks/{part(webhook)}/deliveries"
        return read_pages(self._session, path, DeliveryInfo, {"limit": limit})
