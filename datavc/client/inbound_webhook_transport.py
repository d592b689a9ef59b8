"""What the SDK needs from a server for webhooks that come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datavc.model.inbound_webhook import InboundWebhookInfo, MadeInboundWebhook


class InboundWebhookTransport(Protocol):
    """Webhooks that come in."""

    def create(
        self,
        pipeline: str | None,
        branch: tuple[str, str] | None,
        author: str,
        *,
        parameters: Mapping[str, str],
    ) -> MadeInboundWebhook:
        """Make a URL that starts runs."""

    def list_all(self) -> list[InboundWebhookInfo]:
        """All of them that one may maintain."""

    def change(self, webhook: str, *, disabled: bool) -> InboundWebhookInfo:
        """Disable or enable one."""

    def rotate(self, webhook: str, overlap: float) -> MadeInboundWebhook:
        """Give one another secret."""

    def delete(self, webhook: str) -> None:
        """Delete one."""
