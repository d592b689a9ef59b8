"""Where egress may go: wherever this process can, or only where a server may for others."""

from __future__ import annotations

from collections.abc import Sequence

from datavc.errors import AccessDenied
from datavc.model.egress import DatabasePlace, split_database
from datavc.model.source_uri import shown
from datavc.store.external.address_guard import Resolve, is_public, resolve_host
from datavc.store.external.allowed_prefixes import AllowedPrefixes

#: What of a database's URL decides nothing about where the connection goes, or as whom.
_HARMLESS = ("sslmode", "application_name")
#: Keeps the connection from using what lies on the server for the server's own connections.
_NOTHING_OF_OURS = {"passfile": "/dev/null", "sslcertmode": "disable", "gssencmode": "disable"}
_HINT = "let the operator of the server or engine open it (--allow-egress)"


class EgressAccess:
    """Decides where egress may go.

    Args:
        allowed: write to no bucket but below these prefixes, and to no database but those of
            public addresses and of these prefixes; ``None`` goes wherever this process can, which
            is right where it works for the person who runs it alone.
        resolve: finds addresses.

    Raises:
        InvalidInput: a prefix is malformed.
    """

    def __init__(
        self, allowed: Sequence[str] | None = None, resolve: Resolve | None = None
    ) -> None:
        self._allowed = None if allowed is None else AllowedPrefixes(allowed)
        self._resolve = resolve or resolve_host

    def check_bucket(self, url: str) -> None:
        """Make sure that objects may be written below *url*.

        Raises:
            AccessDenied: the engine's credentials are not for whoever writes pipelines.
        """
        if self._allowed is not None and not self._allowed.allows(url):
            raise AccessDenied(f"egress to {shown(url)} is not allowed here", hint=_HINT)

    def connection(self, url: str, password: str | None) -> tuple[str, dict[str, str]]:
        """How to connect to the database of *url*: the URL, and what is to be said beside it.

        Raises:
            AccessDenied: it may not be connected to.
            SourceUnreadable: its host has no address.
            InvalidAddress: the URL is malformed.
        """
        place = split_database(url)
        if self._allowed is None:
            return url, {} if password is None else {"password": password}
        self._check_parameters(url, place)
        found = self._resolve(place.host, place.port)
        if not self._allowed.allows(url):
            for address in found:
                if not is_public(address):
                    raise AccessDenied(
                        f"{shown(url)} leads to {address}, which is no public address", hint=_HINT
                    )
        # One connection goes to just the addresses that were looked at.
        options = {
            "host": ",".join([place.host] * len(found)),
            "hostaddr": ",".join(found),
            "port": str(place.port),
            "password": password or "",
            **_NOTHING_OF_OURS,
        }
        return url, options

    def _check_parameters(self, url: str, place: DatabasePlace) -> None:
        harmful = next((name for name, _ in place.parameters if name not in _HARMLESS), None)
        if harmful is not None:
            raise AccessDenied(
                f"{shown(url)} has the parameter {harmful!r}, which is not allowed here",
                hint="leave it out of egress.sql_database.url",
            )
        if not place.host or not place.user or "," in place.host:
            raise AccessDenied(
                f"{shown(url)} does not name one host and a user",
                hint="write postgresql://user@host:5432/database",
            )
