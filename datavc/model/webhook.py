"""Webhooks: what is told to whom, and how a receiver knows that datavc has sent it."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum

#: Header of the time of sending, in seconds since 1970.
TIMESTAMP_HEADER = "Datavc-Timestamp"
#: Header of the signature.
SIGNATURE_HEADER = "Datavc-Signature"
#: Header of what happened, and of the delivery's number: the same each time it is tried.
EVENT_HEADER = "Datavc-Event"
DELIVERY_HEADER = "Datavc-Delivery"

_SCHEME = "sha256="
#: Seconds by which clocks may differ, and for which a message may be on its way.
TOLERANCE_S = 300


class WebhookEvent(StrEnum):
    """What a webhook may be told of."""

    #: A commit has landed on a branch, by hand or as a job's output.
    COMMIT = "commit"
    #: A ref was merged into a branch; also where the branch only had to be moved.
    MERGE = "merge"
    #: A job is over.
    JOB = "job"


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    #: Given up after the last try.
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class WebhookInfo:
    """Somebody who is told of what happens."""

    id: str
    url: str
    events: tuple[WebhookEvent, ...]
    #: Only of this repo, or of the pipeline of this name; ``""`` for all.
    repo: str
    author: str
    created_us: int


@dataclass(frozen=True, slots=True)
class MadeWebhook:
    """A webhook that was just made: nobody is told its secret a second time."""

    webhook: WebhookInfo
    #: What messages are signed with.
    secret: str


@dataclass(frozen=True, slots=True)
class DeliveryInfo:
    """One message to a webhook."""

    id: int
    webhook: str
    event: WebhookEvent
    state: DeliveryState
    #: How often it was sent.
    attempts: int
    #: The last answer's HTTP status, or what was in its way.
    status: int | None
    error: str
    created_us: int
    #: When it is sent next; only while it is pending.
    next_us: int | None
    finished_us: int | None


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The signature of a message: ``sha256=`` and HMAC-SHA256 of ``<timestamp>.<body>`` in hex."""
    message = b"%d.%b" % (timestamp, body)
    return _SCHEME + hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def is_signed(secret: str, timestamp: str, signature: str, body: bytes, *, now: float) -> bool:
    """Whether a message was signed with *secret* a short time ago.

    Args:
        secret: shared with the sender.
        timestamp, signature: the headers.
        body: just as it came.
        now: seconds since 1970.
    """
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        return False
    if abs(now - int(timestamp)) > TOLERANCE_S:
        return False
    expected = sign(secret, int(timestamp), body)
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogateescape"))
