"""AWS Signature Version 4: what is signed, and by what."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "s3"
_TERMINATOR = "aws4_request"
_EMPTY = hashlib.sha256(b"").hexdigest()

#: Says in the place of the payload's hash that there is none.
UNSIGNED = "UNSIGNED-PAYLOAD"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a signing key is good for."""

    #: ``YYYYMMDD``.
    date: str
    region: str
    service: str = SERVICE

    def __str__(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/{_TERMINATOR}"


@dataclass(frozen=True, slots=True)
class Signed:
    """The parts of a request that a signature covers."""

    method: str
    #: As it was sent, percent-encoded.
    path: str
    #: Decoded names and values, without the signature itself.
    query: Sequence[tuple[str, str]]
    #: Names in lower case, sorted, and values.
    headers: Sequence[tuple[str, str]]
    #: SHA-256 of the body in hex, or what stands for it.
    payload: str

    def canonical(self) -> str:
        """The request in its canonical form."""
        query = sorted(
            (quote(name, safe="~"), quote(value, safe="~")) for name, value in self.query
        )
        return "\n".join(
            (
                self.method,
                quote(unquote_to_bytes(self.path), safe="/~") or "/",
                "&".join(f"{name}={value}" for name, value in query),
                "".join(f"{name}:{' '.join(value.split())}\n" for name, value in self.headers),
                ";".join(name for name, _ in self.headers),
                self.payload,
            )
        )


class SigningKey:
    """The key that a secret gives for one scope.

    Args:
        secret: the secret access key.
        scope: what it is for.
        timestamp: when the request was signed, ``YYYYMMDDTHHMMSSZ``.
    """

    def __init__(self, secret: str, scope: Scope, timestamp: str) -> None:
        self._scope = scope
        self._timestamp = timestamp
        self._key = _derive(secret, (scope.date, scope.region, scope.service, _TERMINATOR))

    def sign_request(self, signed: Signed) -> str:
        """The signature of a request, in hex."""
        return self._sign(ALGORITHM, hashlib.sha256(signed.canonical().encode()).hexdigest())

    def sign_chunk(self, previous: str, digest: str) -> str:
        """The signature of one chunk of a body, given the one before and the chunk's SHA-256."""
        return self._sign(f"{ALGORITHM}-PAYLOAD", previous, _EMPTY, digest)

    def sign_trailer(self, previous: str, digest: str) -> str:
        """The signature of the trailing headers, given the one before and their SHA-256."""
        return self._sign(f"{ALGORITHM}-TRAILER", previous, digest)

    def _sign(self, algorithm: str, *lines: str) -> str:
        text = "\n".join((algorithm, self._timestamp, str(self._scope), *lines))
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()


def _derive(secret: str, parts: Iterable[str]) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in parts:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
