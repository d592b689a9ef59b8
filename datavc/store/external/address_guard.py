"""Which addresses a server may connect to for somebody else: public ones, and what was opened."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Protocol

from datavc.errors import AccessDenied, SourceUnreadable
from datavc.model.source_uri import check_web, shown
from datavc.store.external.allowed_prefixes import AllowedPrefixes

#: Gives the addresses of a host and port.
Resolve = Callable[[str, int], list[str]]

_PORTS = {"http": 80, "https": 443}
#: IPv4 addresses that are written inside IPv6 ones: NAT64.
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
#: Where clouds offer their machines' credentials at public-looking or shared addresses.
_METADATA = frozenset(
    ipaddress.ip_address(one)
    for one in ("169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254")
)


class AddressGuard(Protocol):
    """Decides, before each request and each redirect, where it may go."""

    def addresses(self, url: str) -> list[str]:
        """The addresses to connect to for *url*, and to no others.

        Raises:
            AccessDenied: it may not be asked for.
            SourceUnreadable: its host has no address.
        """


class PublicGuard:
    """Lets requests go to the public internet, and to *opened* places.

    Args:
        opened: may be reached whatever their addresses.
        resolve: finds addresses.
        opened_by: the server's option that opens more.
    """

    def __init__(
        self,
        opened: AllowedPrefixes,
        resolve: Resolve | None = None,
        *,
        opened_by: str = "--allow-fetch",
    ) -> None:
        self._opened = opened
        self._resolve = resolve or resolve_host
        self._opened_by = opened_by

    def addresses(self, url: str) -> list[str]:
        """See :class:`AddressGuard`: every address of the host must be public."""
        host, port = _host_of(url)
        found = self._resolve(host, port)
        if not self._opened.allows(url):
            for address in found:
                if not is_public(address):
                    raise AccessDenied(
                        f"{shown(url)} leads to {address}, which is no public address",
                        hint="use a public one, or let the server's operator open it "
                        f"({self._opened_by})",
                    )
        return found


class OpenedGuard:
    """Lets requests go to *opened* places alone."""

    def __init__(self, opened: AllowedPrefixes, resolve: Resolve | None = None) -> None:
        self._opened = opened
        self._resolve = resolve or resolve_host

    def addresses(self, url: str) -> list[str]:
        """See :class:`AddressGuard`."""
        host, port = _host_of(url)
        if not self._opened.allows(url):
            raise refused(url)
        return self._resolve(host, port)


def refused(uri: str) -> AccessDenied:
    """The error for a source that a server may not read for others."""
    return AccessDenied(
        f"this server does not read {shown(uri)} for others",
        hint="read it by the command line or the SDK, which go there themselves, or let the "
        "server's operator open it (--allow-external)",
    )


def resolve_host(host: str, port: int) -> list[str]:
    """All addresses of a host.

    Raises:
        SourceUnreadable: it has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceUnreadable(f"the host {host!r} is not known: {reason}") from None
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, whatever way it is written."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if any(found in network for network in _NAT64):
            return False
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if inner is not None:
            # Such an address reaches whatever the one inside does.
            return False
    return (
        found.is_global
        and not found.is_multicast
        and not found.is_reserved
        and not found.is_unspecified
        and found not in _METADATA
    )


def _host_of(url: str) -> tuple[str, int]:
    parts = check_web(url)
    return parts.hostname or "", parts.port or _PORTS[parts.scheme]
