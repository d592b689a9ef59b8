"""Verbs on webhooks that come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datavc.client.base import ClientBase
from datavc.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datavc.client.inbound_webhook_transport import InboundWebhookTransport
    from datavc.model.inbound_webhook import InboundWebhookInfo, MadeInboundWebhook


class InboundWebhookVerbs(ClientBase):
    """URLs of a server that start runs by signed messages. Without a server there are none."""

    def create_inbound_webhook(
        self,
        pipeline: str | None = None,
        *,
        branch: str | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> MadeInboundWebhook:
        """Make a URL that starts runs. Its secret is told now and never again.

        Args:
            pipeline: what is run, or ...
            branch: ... ``repo@branch``: all pipelines that read it.
            parameters: of the pipeline, each with the JSON Pointer (RFC 6901) of its value in the
                body of a message. Nothing else of a body is looked at.

        Raises:
            InvalidInput: neither or both are given; the pipeline has no such parameter, or a
                pointer is malformed; or this datavc has no server.
            NotFound: there is no such pipeline, repo or branch.
            AccessDenied: it may not be maintained by this account.
        """
        server, place = self._server(), None
        if branch is not None:
            address = self.locate_branch(branch)
            place = (address.repo, str(address.ref))
        return server.create(pipeline, place, self.author, parameters=parameters or {})

    def list_inbound_webhooks(self) -> list[InboundWebhookInfo]:
        """The webhooks that come in to what one may maintain, the oldest first.

        Raises:
            InvalidInput: this datavc has no server.
        """
        return self._server().list_all()

    def disable_inbound_webhook(self, webhook: str) -> InboundWebhookInfo:
        """Let a webhook start nothing, until it is enabled again.

        Args:
            webhook: its id, or a unique start of it.

        Raises:
            NotFound: there is no such webhook.
            InvalidInput: this datavc has no server.
        """
        return self._server().change(webhook, disabled=True)

    def enable_inbound_webhook(self, webhook: str) -> InboundWebhookInfo:
        """Let a webhook that was disabled start runs again.

        Raises:
            NotFound, InvalidInput: as :meth:`disable_inbound_webhook`.
        """
        return self._server().change(webhook, disabled=False)

    def rotate_inbound_webhook(self, webhook: str, *, overlap: float = 0) -> MadeInboundWebhook:
        """Give a webhook another secret, told now and never again; its URL stays.

        Args:
            webhook: its id, or a unique start of it.
            overlap: seconds for which the secret before holds as well, a week at most.

        Raises:
            NotFound, InvalidInput: as :meth:`disable_inbound_webhook`.
        """
        return self._server().rotate(webhook, overlap)

    def delete_inbound_webhook(self, webhook: str) -> None:
        """Delete a webhook: its URL starts nothing any more.

        Raises:
            NotFound, InvalidInput: as :meth:`disable_inbound_webhook`.
        """
        self._server().delete(webhook)

    def _server(self) -> InboundWebhookTransport:
        server = self.transport.inbound_webhooks
        if server is None:
            raise InvalidInput(
                "webhooks come in at a server, and this datavc has none",
                hint="start one by `datavc serve`, and name it by --url or DATAVC_URL",
            )
        return server
