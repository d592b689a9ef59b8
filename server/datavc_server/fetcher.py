"""Fetching files for clients: from the public web, and from what the operator has opened."""

from __future__ import annotations

import threading

from datavc.errors import AccessDenied, InvalidInput, Unavailable
from datavc.model.source_uri import check_web, scheme_of, shown
from datavc.store.external.address_guard import PublicGuard
from datavc.store.external.allowed_prefixes import AllowedPrefixes
from datavc.store.external.source_access import SourceAccess
from datavc.store.external.web_body import Limits
from datavc.store.external.web_client import WebClient
from datavc.versioning.branch_view import BranchView
from datavc.versioning.elsewhere.copy_files import Fetching, copy_files
from datavc.versioning.elsewhere.plan import plan_elsewhere
from datavc.versioning.ingest import Ingested
from datavc.versioning.versioned_store import VersionedStore
from datavc_server.settings import ServerSettings

#: Requests that fetch at once: each holds a thread of the server for as long as it takes.
_AT_ONCE = 4


class Fetcher:
    """Fetches what lies elsewhere. Safe to share between threads.

    Args:
        vs: where it goes.
        settings: what may be fetched, and how much of it.
    """

    def __init__(self, vs: VersionedStore, settings: ServerSettings) -> None:
        self._vs = vs
        self._enabled = settings.fetch
        self._access = SourceAccess(settings.allow_fetch)
        self._web = WebClient(PublicGuard(AllowedPrefixes(settings.allow_fetch)))
        self._limits = Limits(settings.max_fetch, settings.fetch_seconds)
        self._slots = threading.BoundedSemaphore(_AT_ONCE)

    def close(self) -> None:
        """Close all connections."""
        self._web.close()
        self._access.close()

    def fetch(
        self, url: str, target: str, view: BranchView, *, recursive: bool, target_is_folder: bool
    ) -> Ingested:
        """Store what *url* names, as ``put`` would at *target*.

        Raises:
            AccessDenied: the server does not fetch, or does not go there.
            InvalidInput: the URL is malformed or holds credentials, or the file is too large.
            NotFound: there is nothing.
            SourceUnreadable: it cannot be read, or takes too long.
            Unavailable: others are fetching; try again.
        """
        self._check(url)
        if not self._slots.acquire(blocking=False):
            raise Unavailable(
                f"the server fetches {_AT_ONCE} files already", hint="try again in a while"
            )
        try:
            sources = plan_elsewhere(
                [url],
                target,
                self._access,
                recursive=recursive,
                target_is_folder=target_is_folder,
            )
            fetching = Fetching(self._access, self._web, self._limits)
            vs = self._vs
            return copy_files(sources, fetching, view, vs.objects, vs.chunks, vs.nodes)
        finally:
            self._slots.release()

    def _check(self, url: str) -> None:
        if not self._enabled:
            raise AccessDenied(
                "this server fetches nothing for clients", hint="put the URL without --by-server"
            )
        scheme = scheme_of(url)
        if scheme in ("http", "https"):
            check_web(url)
        elif scheme != "s3":
            raise InvalidInput(
                f"the server does not fetch {shown(url)!r}", hint="use https://, http:// or s3://"
            )
        elif not self._access.may_read(url):
            # Its credentials open more than whoever asks may see.
            raise AccessDenied(
                f"the server does not fetch from {shown(url)}",
                hint="put the URL without --by-server, or let the server's operator open it "
                "(--allow-fetch)",
            )
