"""Sending messages to webhooks: signed, tried again with growing pauses, to public addresses."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from datavc.db import webhooks
from datavc.db.clock import now_us
from datavc.db.webhooks import DueDelivery
from datavc.engine.delivery_loop import deliver_until
from datavc.engine.webhooks import open_secret
from datavc.errors import DatavcError
from datavc.model.source_uri import shown
from datavc.model.webhook import (
    DELIVERY_HEADER,
    EVENT_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    DeliveryState,
    sign,
)
from datavc.store.external.address_guard import PublicGuard
from datavc.store.external.allowed_prefixes import AllowedPrefixes
from datavc.store.external.web_client import BrokenOff, WebClient
from datavc.versioning.versioned_store import VersionedStore

_log = logging.getLogger("datavc.webhooks")

#: Longest time that a receiver may take, in seconds.
_TIMEOUT_S = 15.0
#: Messages sent at once, so that a slow receiver holds up few others.
_BATCH = 8
#: Seconds after which others send what a server that was killed has taken.
_LEASE_S = _TIMEOUT_S * 4


@dataclass(frozen=True, slots=True)
class Retries:
    """How often, and after which pauses, a message is sent again."""

    #: Seconds before the second try; each pause is three times the one before ...
    first_pause_s: float = 5.0
    #: ... up to this.
    longest_pause_s: float = 6 * 3600.0
    #: With these pauses the last one is a day after the first.
    attempts: int = 11

    def pause(self, attempts: int) -> float | None:
        """Seconds to wait after so many tries; ``None`` to give up."""
        if attempts >= self.attempts:
            return None
        return float(min(self.first_pause_s * 3 ** (attempts - 1), self.longest_pause_s))


class WebhookSender:
    """Delivers; any number of servers may, over one database.

    Args:
        vs: whose events.
        opened: prefixes of URLs that may be reached though their addresses are not public.
        retries: see :class:`Retries`.
    """

    def __init__(
        self, vs: VersionedStore, opened: tuple[str, ...], retries: Retries | None = None
    ) -> None:
        self._vs = vs
        self._web = WebClient(PublicGuard(AllowedPrefixes(opened), opened_by="--allow-webhook"))
        self._retries = retries or Retries()

    def serve(self, stop: threading.Event) -> None:
        """Deliver until *stop* is set, whatever goes wrong."""
        deliver_until(stop, self.send_due, "delivering to webhooks", _log)

    def send_due(self) -> int:
        """Send what is due now; how many messages that was."""
        with self._vs.db.read() as conn:
            if not webhooks.has_due(conn):
                return 0
        with self._vs.db.write() as conn:
            due = webhooks.claim(conn, _LEASE_S, limit=_BATCH)
        if due:
            with ThreadPoolExecutor(len(due), thread_name_prefix="datavc-webhook") as pool:
                list(pool.map(self._send, due))
        return len(due)

    def close(self) -> None:
        """Close all connections."""
        self._web.close()

    def _send(self, delivery: DueDelivery) -> None:
        status, error = self._attempt(delivery)
        is_done = status is not None and 200 <= status < 300
        pause = None if is_done else self._retries.pause(delivery.attempts + 1)
        state = DeliveryState.DELIVERED if is_done else DeliveryState.FAILED
        next_us = None
        if pause is not None:
            state, next_us = DeliveryState.PENDING, now_us() + round(pause * 1e6)
        with self._vs.db.write() as conn:
            webhooks.note_attempt(
                conn, delivery, state, status=status, error=error, next_us=next_us
            )
        _log.info(
            "delivery %d to %s: %s",
            delivery.id, shown(delivery.url), error or f"status {status}",
            extra={"webhook": delivery.webhook, "status": status, "state": state.value},
        )  # fmt: skip

    def _attempt(self, delivery: DueDelivery) -> tuple[int | None, str]:
        """The answer's status, and what was wrong."""
        try:
            secret = open_secret(self._vs, delivery.webhook, delivery.sealed)
            body = _body_of(delivery)
            now = int(time.time())
            headers = {
                "Content-Type": "application/json",
                EVENT_HEADER: delivery.event.value,
                DELIVERY_HEADER: str(delivery.id),
                TIMESTAMP_HEADER: str(now),
                SIGNATURE_HEADER: sign(secret, now, body),
            }
            status = self._web.post(delivery.url, body, headers, timeout_s=_TIMEOUT_S)
        except BrokenOff as error:
            return None, f"it cannot be reached: {error}"
        except DatavcError as error:
            return None, str(error)
        return status, "" if 200 <= status < 300 else f"it answers with status {status}"


@contextlib.contextmanager
def delivering(sender: WebhookSender, stop: threading.Event) -> Iterator[None]:
    """*sender* works in a thread for as long as the block runs."""
    thread = threading.Thread(target=sender.serve, args=(stop,), name="datavc-webhooks")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        sender.close()


def _body_of(delivery: DueDelivery) -> bytes:
    happened = datetime.fromtimestamp(delivery.created_us / 1e6, UTC)
    message = {
        "delivery": delivery.id,
        "webhook": delivery.webhook,
        "event": delivery.event.value,
        "time": happened.isoformat(timespec="microseconds"),
        "data": delivery.payload,
    }
    return msgspec.json.encode(message)
