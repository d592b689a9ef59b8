"""Requests to web servers, redirects followed by hand so that each can be checked."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import urljoin, urlsplit

import httpx

from datavc.errors import AccessDenied, InvalidAddress, NotFound, SourceUnreadable
from datavc.model.source_uri import check_web, shown
from datavc.store.external.address_guard import AddressGuard

_REDIRECTS = 5
_TIMEOUT = httpx.Timeout(60, connect=10, pool=None)
#: What is sent is stored as it is, so it must not be compressed on the way.
_HEADERS = {"Accept-Encoding": "identity", "Accept": "*/*", "User-Agent": "datavc"}
_BUSY = (429, 500, 502, 503, 504)


class BrokenOff(Exception):
    """A request failed in a way that trying again may cure."""


class WebClient:
    """Makes requests. Safe to share between threads.

    Args:
        guard: asked before each request, redirects too, and told where to connect to; without
            one, requests go wherever this process can reach, by its proxies if it has some.
    """

    def __init__(self, guard: AddressGuard | None = None) -> None:
        self._guard = guard
        # A connection is kept by its address: with names checked apart from that, one that was
        # proven to be one host's must not serve for another's.
        kept = httpx.Limits(max_keepalive_connections=0 if guard else 20)
        self._direct = httpx.Client(
            timeout=_TIMEOUT, trust_env=False, limits=kept, cookies=_no_cookies()
        )
        self._client = self._direct
        if guard is None:
            self._client = httpx.Client(timeout=_TIMEOUT, cookies=_no_cookies())

    def close(self) -> None:
        """Close all connections."""
        self._direct.close()
        self._client.close()

    @contextmanager
    def open(
        self, method: str, url: str, headers: Mapping[str, str] | None = None
    ) -> Iterator[httpx.Response]:
        """An answer whose body is still to be read.

        Raises:
            InvalidAddress: the URL, or one that it redirects to, is malformed.
            AccessDenied: the server or the guard does not allow it.
            NotFound: there is nothing.
            SourceUnreadable: it answers something else.
            BrokenOff: trying again may help.
        """
        response = self._follow(method, url, headers or {})
        try:
            yield response
        except httpx.TransportError as error:
            raise BrokenOff(_reason(error)) from None
        finally:
            response.close()

    def post(
        self, url: str, content: bytes, headers: Mapping[str, str], *, timeout_s: float
    ) -> int:
        """Send *content* there, and give the answer's status; redirects are not followed.

        Raises:
            InvalidAddress: the URL is malformed.
            AccessDenied, SourceUnreadable: the guard does not allow it, or knows no such host.
            BrokenOff: no answer came in time.
        """
        check_web(url)
        headers = {**_HEADERS, **headers}
        timeout = httpx.Timeout(timeout_s)
        try:
            response = self._send_to(
                self._addresses(url), "POST", url, headers, content=content, timeout=timeout
            )
        except httpx.TransportError as error:
            raise BrokenOff(_reason(error)) from None
        # What it says is of no use to anybody, and may be without an end.
        response.close()
        return response.status_code

    def _addresses(self, url: str) -> list[str]:
        if self._guard is not None:
            return self._guard.addresses(url)
        return [urlsplit(url).hostname or ""]

    def _follow(self, method: str, url: str, headers: Mapping[str, str]) -> httpx.Response:
        here = url
        for _ in range(_REDIRECTS + 1):
            check_web(here)
            response = self._send(method, here, headers)
            try:
                target = response.headers.get("location") if response.is_redirect else None
                if target is None:
                    _check_status(response, url)
                    return response
            except BaseException:
                response.close()
                raise
            response.close()
            here = urljoin(here, target).partition("#")[0]
        raise SourceUnreadable(f"{shown(url)} redirects more than {_REDIRECTS} times")

    def _send(self, method: str, url: str, headers: Mapping[str, str]) -> httpx.Response:
        all_headers = {**_HEADERS, **headers}
        try:
            if self._guard is not None:
                return self._send_to(self._guard.addresses(url), method, url, all_headers)
            client = self._direct if _is_loopback(url) else self._client
            request = client.build_request(method, url, headers=all_headers)
            return client.send(request, stream=True)
        except httpx.TransportError as error:
            raise BrokenOff(_reason(error)) from None
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            if isinstance(error, InvalidAddress):
                raise
            raise InvalidAddress(f"{shown(url)!r} is malformed") from None

    def _send_to(
        self,
        addresses: list[str],
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        content: bytes | None = None,
        timeout: httpx.Timeout = _TIMEOUT,
    ) -> httpx.Response:
        """Connect to just those addresses, in turn; the name goes into Host and TLS alone."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        failure: httpx.TransportError | None = None
        for address in addresses:
            request = self._direct.build_request(
                method,
                httpx.URL(url).copy_with(host=address.partition("%")[0]),
                headers={**headers, "Host": parts.netloc},
                content=content,
                extensions={"sni_hostname": host, "timeout": timeout.as_dict()},
            )
            try:
                return self._direct.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure or httpx.ConnectError("it has no address")


def _no_cookies() -> CookieJar:
    """What one server sets is told to nobody."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


def _check_status(response: httpx.Response, url: str) -> None:
    status = response.status_code
    if response.is_success:
        if response.headers.get("content-encoding", "identity") not in ("identity", ""):
            raise SourceUnreadable(
                f"{shown(url)} is sent compressed although that was not asked for"
            )
        return
    if status in _BUSY:
        raise BrokenOff(f"status {status}")
    if status in (401, 403, 407):
        raise AccessDenied(f"{shown(url)} lets nobody in without credentials (status {status})")
    if status in (404, 410):
        raise NotFound(f"there is nothing at {shown(url)} (status {status})")
    if status not in (412, 416):
        raise SourceUnreadable(f"{shown(url)} answers with status {status}")


def _is_loopback(url: str) -> bool:
    """Whether no proxy can be meant to stand in between."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reason(error: httpx.TransportError) -> str:
    return " ".join(str(error).split()) or type(error).__name__
