"""A token of a server for whoever logs in at its OIDC provider."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from datavc.client.http_answer import decode
from datavc.client.http_session import HttpSession
from datavc.client.oidc_login import log_in_by_browser
from datavc.model.account import NewToken


class _Provider(msgspec.Struct):
    issuer: str
    client_id: str


def log_in(address: str, show: Callable[[str], object], timeout: float = 300) -> NewToken:
    """Have somebody log in, and be given a token.

    Args:
        address: the server's.
        show: is given the address that a browser is to open.
        timeout: seconds to wait for it.

    Raises:
        NotFound: the server has no OIDC provider.
        AccessDenied: the provider or the server refuses.
        ServerUnavailable: one of them does not answer, or nobody logged in in time.
    """
    session = HttpSession(address, None)
    try:
        provider = decode(session.send("GET", "/auth/oidc"), _Provider)
        done = log_in_by_browser(provider.issuer, provider.client_id, show, timeout)
        body = {"id_token": done.id_token, "nonce": done.nonce}
        return decode(session.send("POST", "/auth/oidc", body=body), NewToken)
    finally:
        session.close()
