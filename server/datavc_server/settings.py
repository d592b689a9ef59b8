"""How a server runs: what it serves, to whom, and how much it takes at once."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from datavc.errors import InvalidInput
from datavc.model.source_uri import scheme_of
from datavc.store.external.allowed_prefixes import AllowedPrefixes


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """A server's settings.

    Raises:
        InvalidInput: others than this machine could reach it, and it wants no token; or the token
            is a weak one; or a prefix is malformed.
    """

    #: Address to listen on.
    host: str = "127.0.0.1"
    #: A token that may do everything, as the account ``admin``. Without one, every program of this
    #: machine may, until the first account is given a token.
    token: str | None = None
    #: Whether accounts' tokens are wanted even while there is none.
    tokens_only: bool = False
    #: The OIDC provider that people log in at, and what it calls this server.
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    #: Where the packs are, as :func:`datavc.store.open.open_backend` takes it.
    store: str = ""
    #: Whether clients that can read and write the store's own folder are told where it is.
    direct: bool = True
    #: Whether clients are given presigned URLs where the store is S3.
    presigned: bool = True
    #: Largest body of a request that is no upload, in bytes.
    max_body: int = 16 * 1024 * 1024
    #: Largest pack, in bytes.
    max_pack: int = 2 * 1024 * 1024 * 1024
    #: Largest file in one request, in bytes.
    max_file: int = 1024 * 1024 * 1024 * 1024
    #: Prefixes, such as ``s3://bucket/folder``, below which external files are read for clients
    #: and pipelines. All others are left to clients, which read them with rights of their own.
    allow_external: tuple[str, ...] = ()
    #: Prefixes that the egress of pipelines may write below, besides databases of public addresses:
    #: buckets that the server's own credentials open, and internal databases.
    allow_egress: tuple[str, ...] = ()
    #: Whether the server fetches files from the web for clients.
    fetch: bool = True
    #: Prefixes that it may fetch from besides the public web: internal hosts, and buckets that its
    #: own credentials open.
    allow_fetch: tuple[str, ...] = ()
    #: Largest file that is fetched, in bytes, and the longest that one may take, in seconds.
    max_fetch: int = 64 * 1024 * 1024 * 1024
    fetch_seconds: float = 3600
    #: Whether each write by S3 is committed at once.
    s3_commit: bool = False

    #: Prefixes of URLs that webhooks may have though their addresses are not public.
    allow_webhook: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        AllowedPrefixes(self.allow_external)
        AllowedPrefixes(self.allow_egress)
        AllowedPrefixes(self.allow_fetch)
        AllowedPrefixes(self.allow_webhook)
        if any(scheme_of(prefix) == "file" for prefix in self.allow_fetch):
            raise InvalidInput(
                "a server fetches no files of its own machine",
                hint="name hosts and buckets with --allow-fetch",
            )
        if self.token is not None and len(self.token) < MIN_TOKEN:
            raise InvalidInput(
                f"the token has fewer than {MIN_TOKEN} characters",
                hint="make one: openssl rand -hex 32",
            )
        if self.token is None and not self.tokens_only and not is_loopback(self.host):
            raise InvalidInput(
                f"serving on {self.host!r} needs a token, since others can reach it",
                hint="set DATAVC_TOKEN, or name a file with --token-file; or make accounts, and "
                "use --tokens-only",
            )


#: Fewest characters of a token.
MIN_TOKEN = 16


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine can reach *host*, a name or an address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
