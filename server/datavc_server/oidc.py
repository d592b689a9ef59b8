"""ID tokens of one OIDC provider: whether they hold, and of whom they speak."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from datavc.errors import AccessDenied, DatavcError, InvalidInput, ServerUnavailable
from datavc_server.settings import is_loopback

#: What a signature may be made with: pairs of keys alone, so that neither ``none`` nor a secret
#: that is in truth a public key passes.
_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
_CONFIGURATION = "/.well-known/openid-configuration"
#: Seconds by which clocks may differ.
_LEEWAY = 60
#: The provider's keys are read again after so many seconds, and for an unknown key as well, but
#: not more often than this.
_KEYS_HOLD = 3600.0
_KEYS_PAUSE = 30.0
_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class _Keys:
    read: float
    keys: Any


class OidcProvider:
    """One provider, and this server as its client. Safe to share between threads.

    Args:
        issuer: the provider's address, just as it stands in its tokens.
        client_id: what it calls this server.

    Raises:
        InvalidInput: the issuer is no ``https`` address, nor one of this machine.
        DatavcError: the packages are not installed.
    """

    def __init__(self, issuer: str, client_id: str) -> None:
        parts = urlsplit(issuer)
        is_safe = parts.scheme == "https" or (
            parts.scheme == "http" and is_loopback(parts.hostname or "")
        )
        if not is_safe or not parts.hostname or not client_id:
            raise InvalidInput(
                f"{issuer!r} is no OIDC issuer, or has no client id",
                hint="give --oidc-issuer https://... and --oidc-client-id",
            )
        try:
            import authlib.oidc.core.claims  # noqa: F401 - only whether it is there
            import joserfc.jwt  # noqa: F401 - only whether it is there
        except ImportError:
            raise DatavcError(
                "OIDC needs packages that are not installed", hint='pip install "datavc[oidc]"'
            ) from None
        self.issuer = issuer
        self.client_id = client_id
        self._lock = threading.Lock()
        self._keys: _Keys | None = None

    def subject_of(self, id_token: str, nonce: str) -> str:
        """Whom an ID token speaks of.

        Args:
            id_token: as the provider gave it to somebody who logged in.
            nonce: what that one had asked the provider to put into it.

        Raises:
            AccessDenied: it is not signed by the provider, is for somebody else, has ended, or was
                not made for this login.
            ServerUnavailable: the provider does not answer.
        """
        from authlib.oidc.core.claims import CodeIDToken
        from joserfc.errors import JoseError

        try:
            token = self._verified(id_token)
        except (JoseError, ValueError, TypeError) as error:
            raise _refused(str(error) or type(error).__name__) from None
        options = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self.client_id},
            "nonce": {"essential": True, "value": nonce},
        }
        params = {"nonce": nonce, "client_id": self.client_id}
        claims = CodeIDToken(token.claims, token.header, options, params)
        try:
            claims.validate(now=int(time.time()), leeway=_LEEWAY)
        except Exception as error:
            # Of what a library of claims raises, nothing may let anybody in.
            raise _refused(str(error) or type(error).__name__) from None
        subject = token.claims["sub"]
        if not isinstance(subject, str) or not subject:
            raise _refused("it names nobody")
        return subject

    def _verified(self, id_token: str) -> Any:
        from joserfc import jwt
        from joserfc.errors import BadSignatureError, InvalidKeyIdError

        keys = self._current_keys(None)
        try:
            return jwt.decode(id_token, keys.keys, algorithms=_ALGORITHMS)
        except (BadSignatureError, InvalidKeyIdError):
            # The provider may have a new key since.
            newer = self._current_keys(keys)
            if newer is keys:
                raise
            return jwt.decode(id_token, newer.keys, algorithms=_ALGORITHMS)

    def _current_keys(self, stale: _Keys | None) -> _Keys:
        """The provider's keys; other ones than *stale* where those may be had."""
        with self._lock:
            kept = self._keys
            now = time.monotonic()
            if kept is not None:
                hold = _KEYS_PAUSE if stale is kept else _KEYS_HOLD
                if now - kept.read < hold:
                    return kept
            self._keys = _Keys(now, self._read_keys())
            return self._keys

    def _read_keys(self) -> Any:
        from joserfc.jwk import KeySet

        configuration = _read(self.issuer.rstrip("/") + _CONFIGURATION)
        if configuration.get("issuer") != self.issuer:
            raise ServerUnavailable(
                f"the OIDC provider calls itself {configuration.get('issuer')!r}, and not"
                f" {self.issuer!r}",
                hint="check --oidc-issuer",
            )
        return KeySet.import_key_set(_read(str(configuration.get("jwks_uri", ""))))


def _read(url: str) -> Any:
    try:
        answer = httpx.get(url, timeout=_TIMEOUT)
        answer.raise_for_status()
        return answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ServerUnavailable(
            f"the OIDC provider does not answer at {url!r}: {reason}", hint="check --oidc-issuer"
        ) from None


def _refused(reason: str) -> AccessDenied:
    return AccessDenied(
        f"the ID token does not hold: {reason}", hint="log in again: datavc auth login --oidc"
    )
