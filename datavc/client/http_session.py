"""Requests to a server: errors become datavc's own, and what is safe to repeat is repeated."""

from __future__ import annotations

import ipaddress
import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Final, TypeVar
from urllib.parse import quote, urlsplit

import httpx
import msgspec

from datavc.errors import AccessDenied, DatavcError, InvalidInput, ServerUnavailable, from_code
from datavc.tracing import spans
from datavc.tracing.spans import Kind, Span

_Result = TypeVar("_Result")

#: What a query or a header may be given as; ``None`` leaves it out.
Parameters = Mapping[str, str | int | float | bool | None]

#: All routes start so.
API: Final = "/api/v1"

#: A request is made so often at most ...
ATTEMPTS = 6
#: ... with pauses that double from this up, in seconds, each cut short by chance.
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 3.0
#: So many seconds are waited at most where the server wants to be asked less often.
_LONGEST_THROTTLE = 30
_TIMEOUT = httpx.Timeout(60, connect=10, pool=None)
#: Less than the server keeps an idle connection open, so that none ends under a request.
_LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=30)
#: Answers of what stands between client and server while that is away.
_GATEWAY = (502, 504)


class _Problem(msgspec.Struct):
    detail: str = ""
    code: str = ""
    hint: str = ""


class HttpSession:
    """Connections to one server. Safe to share between threads.

    Args:
        url: the server's address.
        token: what it wants to be shown, if anything.

    Raises:
        InvalidInput: the address is malformed.
    """

    def __init__(self, url: str, token: str | None) -> None:
        parts = urlsplit(url)
        if not parts.hostname or parts.query or parts.fragment or parts.username:
            raise InvalidInput(
                "that is no server's address",
                hint="use http://host:port or https://host, and DATAVC_TOKEN for the token",
            )
        self.address = url.rstrip("/")
        try:
            self._client = httpx.Client(
                headers={} if token is None else {"Authorization": f"Bearer {token}"},
                timeout=_TIMEOUT,
                limits=_LIMITS,
                # To read all certificates of this world takes a while; without any, nobody is
                # believed, should a server lead from HTTP to HTTPS.
                verify=parts.scheme == "https" or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                trust_env=not _is_loopback(parts.hostname),
            )
        except (UnicodeEncodeError, httpx.InvalidURL, ValueError):
            raise InvalidInput(
                "the server's address or the token is malformed", hint="check DATAVC_TOKEN"
            ) from None

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Parameters | None = None,
        body: object = None,
        content: bytes | Iterator[bytes] | None = None,
        headers: Parameters | None = None,
        repeat: bool | None = None,
        timeout: float | None = None,
    ) -> httpx.Response:
        """Make a request and give its answer.

        Args:
            method: the HTTP method.
            path: of the route, behind ``/api/v1``; its parts quoted by :func:`part`.
            query, headers: parameters.
            body: sent as JSON.
            content: sent as it is.
            repeat: whether it does no harm to make the request twice; by default, when it only
                reads.
            timeout: seconds to wait for the answer, where that may be long.

        Raises:
            ServerUnavailable: the server does not answer, time and again.
            DatavcError: what the server says is wrong.
        """
        sent: dict[str, str] = _texts(headers)
        if body is not None:
            content = msgspec.json.encode(body)
            sent["Content-Type"] = "application/json"
        with self._span(method, path) as span:
            request = self._client.build_request(
                method,
                f"{self.address}{API}{path}",
                params=_texts(query),
                content=content,
                headers=sent | _trace(),
                timeout=_TIMEOUT
                if timeout is None
                else httpx.Timeout(timeout, connect=10, pool=None),
            )
            response = self._send(request, content, repeat=repeat)
            span.note("http.response.status_code", response.status_code)
            return response

    def _send(
        self,
        request: httpx.Request,
        content: bytes | Iterator[bytes] | None,
        *,
        repeat: bool | None,
    ) -> httpx.Response:
        # What was turned away was not done, so it may be sent again, unless it is used up.
        is_whole = content is None or isinstance(content, bytes)
        safe = request.method in ("GET", "HEAD") if repeat is None else repeat

        def attempt() -> httpx.Response:
            response = self._client.send(request)
            if is_whole and response.status_code == httpx.codes.TOO_MANY_REQUESTS:
                raise _Throttled(response)
            if safe and response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                raise _NeedsMore(response)
            check(response)
            return response

        return self.retry(attempt, repeat=safe)

    @contextmanager
    def stream(
        self,
        path: str,
        query: Parameters | None = None,
        *,
        body: object = None,
        headers: Parameters | None = None,
    ) -> Iterator[httpx.Response]:
        """An answer whose body is read as it comes; to a POST where there is a *body* to send.

        Raises:
            ServerUnavailable, DatavcError: as :meth:`send`; also from within the block.
        """
        sent = _texts(headers)
        if body is not None:
            sent["Content-Type"] = "application/json"
        request = self._client.build_request(
            "GET" if body is None else "POST",
            f"{self.address}{API}{path}",
            params=_texts(query),
            content=None if body is None else msgspec.json.encode(body),
            headers=sent | _trace(),
        )
        response = self.retry(lambda: self._client.send(request, stream=True), repeat=True)
        try:
            if not response.is_success:
                response.read()
                check(response)
            yield response
        except httpx.TransportError as error:
            raise self._away(error) from None
        finally:
            response.close()

    def retry(self, attempt: Callable[[], _Result], *, repeat: bool) -> _Result:
        """Call *attempt* again while the server cannot be reached.

        Args:
            attempt: makes a request.
            repeat: whether it may be made again when nobody knows if it arrived.

        Raises:
            ServerUnavailable: it was of no use.
        """
        for failures in range(1, ATTEMPTS + 1):
            try:
                return attempt()
            except httpx.ConnectError as error:
                reason: Exception = error
            except httpx.TransportError as error:
                reason = error
                if not repeat:
                    break
            except _GatewayError as error:
                reason = error
                if not repeat:
                    break
            except _Throttled as error:
                if failures == ATTEMPTS or error.wait > _LONGEST_THROTTLE:
                    check(error.response)
                time.sleep(error.wait)
                continue
            except _NeedsMore as error:
                if failures == ATTEMPTS:
                    check(error.response)
                reason = error
            if failures < ATTEMPTS:
                pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**failures)
                time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - spreads retries out
        raise self._away(reason, unknown=not repeat and not isinstance(reason, httpx.ConnectError))

    def _span(self, method: str, path: str) -> AbstractContextManager[Span]:
        attributes: dict[str, spans.Value] = {
            "http.request.method": method,
            "url.full": f"{self.address}{API}{path}",
        }
        return spans.span(method, attributes, kind=Kind.CLIENT)

    def _away(self, error: Exception, *, unknown: bool = False) -> ServerUnavailable:
        reason = " ".join(str(error).split()) or type(error).__name__
        if unknown:
            return ServerUnavailable(
                f"the server {self.address} went away before it answered: {reason}",
                hint="look whether it was done before you try again",
            )
        return ServerUnavailable(
            f"the server {self.address} does not answer: {reason}",
            hint="check the address, and that `datavc serve` runs there",
        )


def _trace() -> dict[str, str]:
    """The header that makes what the server does a part of this trace."""
    found = spans.traceparent()
    return {} if found is None else {"traceparent": found}


class _Throttled(Exception):
    """The server wants to be asked less often."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__()
        self.response = response
        after = response.headers.get("Retry-After", "1")
        #: Seconds.
        self.wait = int(after) if after.isdecimal() else 1


class _NeedsMore(Exception):
    """The server answers, and what it needs itself is away: the database, say."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"status {response.status_code}")
        self.response = response


class _GatewayError(Exception):
    """Something in between says that the server is away."""


def part(text: str) -> str:
    """*text* as one part of a URL's path."""
    return quote(text, safe="")


def check(response: httpx.Response) -> None:
    """Raise what an answer says is wrong, if it does.

    Raises:
        DatavcError: the error that the server met.
    """
    if response.is_success or response.status_code == httpx.codes.NOT_MODIFIED:
        return
    try:
        problem = msgspec.json.decode(response.content, type=_Problem)
    except msgspec.DecodeError:
        problem = _Problem()
    if problem.code:
        raise from_code(problem.code, problem.detail, problem.hint)
    if response.status_code in _GATEWAY:
        raise _GatewayError(f"status {response.status_code}")
    if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise AccessDenied(f"the server lets nobody in (status {response.status_code})")
    raise DatavcError(
        f"the answer to {response.request.url.path} is not a datavc server's"
        f" (status {response.status_code})",
        hint="check the address",
    )


def _texts(values: Parameters | None) -> dict[str, str]:
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in (values or {}).items()
        if value is not None
    }


def _is_loopback(host: str) -> bool:
    """Whether no proxy can be meant to stand in between."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
