"""A small OIDC provider: ``python -m tests.services.oidc_provider`` prints its address.

It lets everybody in at once as whoever ``POST /next`` has named, and makes the tokens that this
has asked for, wrong ones as well. PKCE, redirects, codes and the client are checked as they are by
others.
"""

from __future__ import annotations

import base64
import hmac
import json
import socket
import time
from typing import Any
from urllib.parse import parse_qs, urlencode

import uvicorn
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT_ID = "datavc-tests"


class Provider:
    """Keys, codes that are not used yet, and what is to be wrong with the next token."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.keys = [self._new_key()]
        self.codes: dict[str, dict[str, str]] = {}
        self.next: dict[str, Any] = {}

    def _new_key(self) -> RSAKey:
        key: RSAKey = RSAKey.generate_key(2048, private=True, auto_kid=True)
        return key

    def rotate(self) -> None:
        """Sign with a new key, and forget the old one."""
        self.keys = [self._new_key()]

    def id_token(self, nonce: str) -> str:
        """The token for who has just logged in."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": "248289761001",
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": nonce,
        }
        for name, value in self.next.get("claims", {}).items():
            if value is None:
                claims.pop(name)
            else:
                claims[name] = now + value if name in ("exp", "iat", "nbf") else value
        return self._signed(claims, self.next.get("signature", "RS256"))

    def _signed(self, claims: dict[str, Any], signature: str) -> str:
        key = self.keys[0]
        if signature == "none":
            head = _part({"alg": "none", "typ": "JWT"})
            return f"{head}.{_part(claims)}."
        if signature == "HS256":
            # The public key, which everybody has, as if it was a secret.
            # Put together by hand, since no library does it.
            said = f"{_part({'alg': 'HS256', 'kid': key.kid})}.{_part(claims)}"
            mac = hmac.digest(key.as_pem(private=False), said.encode(), "sha256")
            return f"{said}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
        if signature == "stranger":
            other = RSAKey.generate_key(2048, private=True)
            return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, other)
        token = jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)
        if signature == "changed":
            head, _, tail = token.split(".")
            return f"{head}.{_part(claims | {'sub': 'somebody else'})}.{tail}"
        return token


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def create_provider(issuer: str) -> FastAPI:
    """The provider as an application."""
    app = FastAPI()
    provider = Provider(issuer)

    @app.get("/.well-known/openid-configuration")
    def configuration() -> dict[str, str]:
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/jwks",
        }

    @app.get("/jwks")
    def jwks() -> Response:
        return JSONResponse(KeySet(provider.keys).as_dict(private=False))

    @app.get("/authorize")
    def authorize(request: Request) -> Response:
        asked = dict(request.query_params)
        right = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "code_challenge_method": "S256",
        }
        is_right = all(asked.get(name) == value for name, value in right.items())
        if not is_right or not asked["redirect_uri"].startswith("http://127.0.0.1:"):
            return Response(status_code=400)
        if "error" in provider.next:
            back = {"error": provider.next["error"], "state": asked["state"]}
        else:
            code = f"code-{len(provider.codes)}-{time.time_ns()}"
            provider.codes[code] = asked
            back = {"code": code, "state": provider.next.get("state", asked["state"])}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}", status_code=302)

    @app.post("/token")
    async def token(request: Request) -> Response:
        form = {name: one[0] for name, one in parse_qs((await request.body()).decode()).items()}
        asked = provider.codes.pop(form.get("code", ""), None)
        if (
            asked is None
            or form.get("grant_type") != "authorization_code"
            or form.get("redirect_uri") != asked["redirect_uri"]
            or form.get("client_id") != CLIENT_ID
            or create_s256_code_challenge(form["code_verifier"]) != asked["code_challenge"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({"token_type": "Bearer", "id_token": provider.id_token(asked["nonce"])})

    @app.post("/next")
    async def set_next(request: Request) -> None:
        provider.next = await request.json()

    @app.post("/rotate")
    def rotate() -> None:
        provider.rotate()

    return app


def main() -> None:
    """Serve until killed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"
        print(issuer, flush=True)
        config = uvicorn.Config(create_provider(issuer), log_config=None)
        uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main()
