"""Webhooks that come in at a server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from datavc.client.http_answer import by, decode
from datavc.client.http_pages import read_pages
from datavc.client.http_session import HttpSession, part
from datavc.model.inbound_webhook import InboundWebhookInfo, MadeInboundWebhook

_ROUTE = "/inbound-webhooks"


class HttpInboundWebhooks:
    """See :class:`~datavc.client.inbound_webhook_transport.InboundWebhookTransport`."""

    def __init__(self, session: HttpSession) -> None:
        self._session = session

    def create(
        self,
        pipeline: str | None,
        branch: tuple[str, str] | None,
        author: str,
        *,
        parameters: Mapping[str, str],
    ) -> MadeInboundWebhook:
        """Make a URL that starts runs."""
        place = None if branch is None else {"repo": branch[0], "branch": branch[1]}
        body = {"pipeline": pipeline, "branch": place, "parameters": dict(parameters)}
        response = self._session.send("POST", _ROUTE, body=body, headers=by(author))
        return self._with_url(decode(response, MadeInboundWebhook))

    def list_all(self) -> list[InboundWebhookInfo]:
        """All of them that one may maintain."""
        return read_pages(self._session, _ROUTE, InboundWebhookInfo)

    def change(self, webhook: str, *, disabled: bool) -> InboundWebhookInfo:
        """Disable or enable one."""
        path = f"{_ROUTE}/{part(webhook)}"
        response = self._session.send("PATCH", path, body={"disabled": disabled})
        return decode(response, InboundWebhookInfo)

    def rotate(self, webhook: str, overlap: float) -> MadeInboundWebhook:
        """Give one another secret."""
        path = f"{_ROUTE}/{part(webhook)}/secret"
        response = self._session.send("POST", path, body={"overlap_seconds": overlap})
        return self._with_url(decode(response, MadeInboundWebhook))

    def delete(self, webhook: str) -> None:
        """Delete one."""
        self._session.send("DELETE", f"{_ROUTE}/{part(webhook)}")

    def _with_url(self, made: MadeInboundWebhook) -> MadeInboundWebhook:
        return replace(made, url=self._session.address + made.path)
