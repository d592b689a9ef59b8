"""Webhooks that come in: who may start runs by a signed message, and how a message is checked.

Two ways to sign are known: that of Standard Webhooks, and GitHub's, which says nothing of the time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from datavc.errors import InvalidInput
from datavc.model.webhook import TOLERANCE_S

#: Where messages go to, followed by the webhook's id.
HOOKS_PATH = "/api/v1/hooks/"
#: Secrets start so, by the standard; base64 follows.
SECRET_PREFIX = "whsec_"  # noqa: S105 - no secret, but the sign of one
#: How long a message is remembered that says when it was sent: senders try again for days.
REMEMBERED_S = 7 * 24 * 3600

_ID = re.compile(r"[!-~]{1,256}")
_SECONDS = re.compile(r"[0-9]{1,12}")
_POINTER = re.compile(r"(/([^~/\0]|~[01])*)+")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_VERSION = "v1,"
_HUB_SCHEME = "sha256="


@dataclass(frozen=True, slots=True)
class InboundWebhookInfo:
    """A URL that starts runs."""

    id: str
    #: What is run: this pipeline, or ...
    pipeline: str
    #: ... whatever reads this branch, as ``repo@branch``; the other one is ``""``.
    branch: str
    #: Whether it starts nothing.
    disabled: bool
    author: str
    created_us: int
    #: When it started a run last.
    last_us: int | None
    #: Until when the secret before holds as well, if it does.
    previous_until_us: int | None = None
    #: Parameters of its runs, each with the JSON Pointer of its value in a message's body.
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MadeInboundWebhook:
    """One that was just made, or given another secret: it is told in no other place."""

    webhook: InboundWebhookInfo
    #: What messages are to be signed with.
    secret: str
    #: Of the URL, below the server's address.
    path: str
    #: The whole URL, where that is known: the SDK knows by which address it speaks to the server.
    url: str = ""


@dataclass(frozen=True, slots=True)
class StartedRun:
    """What came of a message."""

    #: ``None`` for a message that only tries the URL.
    run_id: str | None
    #: Ids of the jobs that were made.
    jobs: tuple[str, ...]
    #: Whether the message had come before: the run is that of the first time.
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class MessageHeaders:
    """What is said of a message beside its body; what is missing is ``""``."""

    #: By the standard.
    id: str = ""
    timestamp: str = ""
    signature: str = ""
    #: By GitHub.
    hub_signature: str = ""


@dataclass(frozen=True, slots=True)
class CheckedMessage:
    """A message that was signed with the secret."""

    #: What it is remembered by.
    id: str
    #: Whether it says when it was sent, so that an old one is known without being remembered.
    is_dated: bool


def check_message(
    secrets: Sequence[str], headers: MessageHeaders, body: bytes, *, now: float
) -> CheckedMessage | None:
    """The message, if it was signed with one of *secrets*; ``None`` otherwise, whatever is wrong.

    Args:
        secrets: those that hold.
        headers: of the message.
        body: just as it came.
        now: seconds since 1970.
    """
    if headers.signature or not headers.hub_signature:
        return _check_standard(secrets, headers, body, now)
    found = headers.hub_signature
    expected = [_HUB_SCHEME + _hmac(secret.encode(), body).hex() for secret in secrets]
    # GitHub signs no id either: the same body is the same message.
    name = f"hub:{hashlib.sha256(body).hexdigest()}"
    return CheckedMessage(name, is_dated=False) if _is_any([found], expected) else None


def check_pointer(pointer: str) -> str:
    """*pointer*, if it is a JSON Pointer (RFC 6901) to something within a message.

    Raises:
        InvalidInput: it is none.
    """
    if not _POINTER.fullmatch(pointer):
        raise InvalidInput(
            f"{pointer!r} points at nothing in a message",
            hint="write a JSON Pointer: /head_commit/id",
        )
    return pointer


def read_parameters(pointers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """The parameters that a message gives: texts, and numbers and truth values as JSON has them.

    Raises:
        InvalidInput: the body is no JSON, or has nothing of that kind at a pointer.
    """
    if not pointers:
        return {}
    try:
        message = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidInput("the body of the message is no JSON") from None
    return {name: _text_at(message, pointer) for name, pointer in pointers.items()}


def _text_at(found: object, pointer: str) -> str:
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and _INDEX.fullmatch(key) and int(key) < len(found):
            found = found[int(key)]
        else:
            raise InvalidInput(f"the message has nothing at {pointer}")
    if isinstance(found, str):
        return found
    if isinstance(found, (bool, int, float)):
        return msgspec.json.encode(found).decode()
    raise InvalidInput(f"what the message has at {pointer} is no text, number or truth value")


def sign_message(secret: str, message: str, timestamp: int, body: bytes) -> str:
    """The header that signs a message by the standard."""
    signed = _hmac(key_of(secret), f"{message}.{timestamp}.".encode() + body)
    return _VERSION + base64.b64encode(signed).decode()


def key_of(secret: str) -> bytes:
    """The bytes that a secret stands for, by the standard."""
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()


def _check_standard(
    secrets: Sequence[str], headers: MessageHeaders, body: bytes, now: float
) -> CheckedMessage | None:
    if not (_ID.fullmatch(headers.id) and _SECONDS.fullmatch(headers.timestamp)):
        return None
    timestamp = int(headers.timestamp)
    expected = [sign_message(secret, headers.id, timestamp, body) for secret in secrets]
    is_right = _is_any(headers.signature.split(), expected)
    is_new = abs(now - timestamp) <= TOLERANCE_S
    return CheckedMessage(f"id:{headers.id}", is_dated=True) if is_right and is_new else None


def _is_any(found: Sequence[str], expected: Sequence[str]) -> bool:
    """Whether they have one in common; how long that takes says nothing of those expected."""
    matches = [
        hmac.compare_digest(one.encode("utf-8", "surrogateescape"), other.encode())
        for one in found[:10]
        for other in expected
    ]
    return any(matches)


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()
