"""Logging in by a browser: the code flow of OIDC with PKCE, answered on this machine."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from datavc.errors import AccessDenied, DatavcError, ServerUnavailable

_CONFIGURATION = "/.well-known/openid-configuration"
_SCOPE = "openid"
_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """What the provider gave, and what it was asked to put into it."""

    id_token: str
    nonce: str


def log_in_by_browser(
    issuer: str, client_id: str, show: Callable[[str], object], timeout: float = 300
) -> LoggedIn:
    """Have somebody log in at a provider.

    The browser comes back to a port of 127.0.0.1. What it brings is of no use to others: the
    provider wants the other half of a secret (PKCE) that never leaves this process.

    Args:
        issuer: the provider's address.
        client_id: what it calls the server that this is for.
        show: is given the address that a browser is to open.
        timeout: seconds to wait for it.

    Raises:
        AccessDenied: the provider refuses, or what came back is not an answer to this login.
        ServerUnavailable: the provider does not answer, or nobody logged in in time.
        DatavcError: the packages are not installed.
    """
    try:
        from authlib.oauth2.rfc7636 import create_s256_code_challenge
    except ImportError:
        raise DatavcError(
            "OIDC needs packages that are not installed", hint='pip install "datavc[oidc]"'
        ) from None
    configuration = _configuration(issuer)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    with _Answer() as answer:
        query = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": answer.url,
            "scope": _SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        show(f"{configuration['authorization_endpoint']}?{urlencode(query)}")
        came = answer.wait(timeout)
        if not hmac.compare_digest(came.get("state", "").encode(), state.encode()):
            raise AccessDenied("what came back is no answer to this login", hint="log in again")
        if "code" not in came:
            reason = came.get("error_description") or came.get("error") or "no reason is given"
            raise AccessDenied(f"the OIDC provider refuses: {reason}")
        body = {
            "grant_type": "authorization_code",
            "code": came["code"],
            "redirect_uri": answer.url,
            "client_id": client_id,
            "code_verifier": verifier,
        }
    tokens = _ask("POST", str(configuration["token_endpoint"]), body)
    id_token = tokens.get("id_token")
    if not isinstance(id_token, str):
        raise AccessDenied("the OIDC provider gave no ID token")
    return LoggedIn(id_token, nonce)


def _configuration(issuer: str) -> dict[str, Any]:
    found = _ask("GET", issuer.rstrip("/") + _CONFIGURATION)
    if found.get("issuer") != issuer:
        raise AccessDenied(f"the OIDC provider calls itself {found.get('issuer')!r}")
    return found


def _ask(method: str, url: str, body: dict[str, str] | None = None) -> dict[str, Any]:
    try:
        response = httpx.request(method, url, data=body, timeout=_TIMEOUT)
        found = response.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ServerUnavailable(f"the OIDC provider does not answer: {reason}") from None
    if not response.is_success or not isinstance(found, dict):
        reason = found.get("error", "") if isinstance(found, dict) else ""
        raise AccessDenied(f"the OIDC provider refuses: {reason or response.status_code}")
    return found


class _Answer:
    """A port of this machine that waits for the browser to come back, once."""

    def __init__(self) -> None:
        self._came: dict[str, str] | None = None
        answer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                is_it = parts.path == "/callback" and answer._came is None
                if is_it:
                    answer._came = {name: one[0] for name, one in parse_qs(parts.query).items()}
                text = b"You may close this window." if is_it else b"Nothing is here."
                self.send_response(200 if is_it else 404)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                """Say nothing: the address holds a code."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/callback"

    def __enter__(self) -> _Answer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait(self, timeout: float) -> dict[str, str]:
        """What the browser brought."""
        end = time.monotonic() + timeout
        while self._came is None:
            if time.monotonic() > end:
                raise ServerUnavailable(
                    f"nobody logged in within {timeout:g} s", hint="log in again"
                )
            time.sleep(0.05)
        return self._came
