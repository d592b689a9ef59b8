"""The body of a web address, piece by piece, resumed where a connection breaks."""

from __future__ import annotations

import base64
import hashlib
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx

from datavc.errors import InvalidInput, NotFound, SourceUnreadable
from datavc.model.external import External, Pin
from datavc.model.source_uri import shown
from datavc.store.external.problem import differs, gone
from datavc.store.external.web_client import BrokenOff, WebClient

#: A request that brings nothing is made so often.
_ATTEMPTS = 5
_FIRST_PAUSE = 0.2
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass(frozen=True, slots=True)
class WebFacts:
    """What a server says of a file."""

    size: int | None
    etag: str | None
    last_modified: str | None
    #: Base64, where the server tells it.
    md5: str | None = None

    @property
    def is_pinned(self) -> bool:
        """Whether a change of the file would show."""
        return self.etag is not None or self.last_modified is not None

    @property
    def strong_etag(self) -> str | None:
        """The entity tag, where it stands for the very bytes."""
        return None if self.etag is None or self.etag.startswith("W/") else self.etag


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one body may take."""

    bytes: int
    #: In all.
    seconds: float

    def check_size(self, uri: str, size: int) -> None:
        """Make sure that so many bytes are not too many.

        Raises:
            InvalidInput: they are.
        """
        if size > self.bytes:
            raise InvalidInput(
                f"{shown(uri)} is larger than {self.bytes} bytes, the most that is fetched",
                hint="fetch it yourself, and put it",
            )

    def check_time(self, uri: str, seconds: float) -> None:
        """Make sure that so many seconds are not too many.

        Raises:
            SourceUnreadable: they are.
        """
        if seconds > self.seconds:
            raise SourceUnreadable(
                f"{shown(uri)} took longer than {self.seconds:g} s",
                hint="fetch it yourself, and put it",
            )


def ask_facts(client: WebClient, url: str) -> WebFacts:
    """What a server says of a file, without its content.

    Raises:
        NotFound, AccessDenied, SourceUnreadable, InvalidAddress: as :meth:`WebClient.open`.
    """

    def ask(method: str) -> WebFacts:
        with client.open(method, url) as response:
            return _facts_of(response)

    try:
        found = _retried(url, lambda: ask("HEAD"))
    except SourceUnreadable:
        found = WebFacts(None, None, None)
    # Not every server answers HEAD, or says as much there as it does with the content.
    return found if found.size is not None else _retried(url, lambda: ask("GET"))


class WebBody:
    """A file of a web server, or a part of it; every piece belongs to one version of it.

    Args:
        client: makes the requests.
        url: of the file.
        expected: which version it must be; without it, the first answer decides.
        limits: how much it may take.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        client: WebClient,
        url: str,
        expected: External | None = None,
        limits: Limits | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._url = url
        self._expected = expected
        self._limits = limits
        self._sleep = sleep
        self._started = time.monotonic()
        self.facts: WebFacts | None = None
        if expected is not None:
            self.facts = WebFacts(
                expected.size, expected.pin(Pin.ETAG), expected.pin(Pin.LAST_MODIFIED)
            )

    def pieces(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from *offset* on, at most *length*.

        Raises:
            NotFound, AccessDenied, SourceUnreadable, InvalidAddress: as :meth:`WebClient.open`.
            SourceUnreadable: it ends early, changes on the way, or takes too much.
            SourceChanged: it is not what is expected.
        """
        position = offset
        stop = None if length is None else offset + length
        failures = 0
        md5 = hashlib.md5(usedforsecurity=False) if offset == 0 and stop is None else None
        while stop is None or position < stop:
            try:
                for piece in self._request(position, stop):
                    position += len(piece)
                    failures = 0
                    self._check_limits(position)
                    if md5 is not None:
                        md5.update(piece)
                    yield piece
                break
            except BrokenOff as broken:
                failures += 1
                self._check_resumable(position, offset, failures, broken)
                self._sleep(_FIRST_PAUSE * 2**failures * random.uniform(0.5, 1))  # noqa: S311
                self._check_limits(position)
        self._check_whole(position, stop, md5.digest() if md5 is not None else None)

    def _request(self, position: int, stop: int | None) -> Iterator[bytes]:
        try:
            with self._client.open("GET", self._url, self._headers(position, stop)) as response:
                skip = self._check_answer(response, position)
                for piece in response.iter_raw():
                    plain = piece[skip:] if skip else piece
                    skip = max(0, skip - len(piece))
                    if stop is not None and position + len(plain) >= stop:
                        yield plain[: stop - position]
                        return
                    position += len(plain)
                    if plain:
                        yield plain
        except NotFound:
            if self._expected is None:
                raise
            raise gone(self._url) from None

    def _headers(self, position: int, stop: int | None) -> dict[str, str]:
        headers: dict[str, str] = {}
        if position or stop is not None:
            headers["Range"] = f"bytes={position}-{'' if stop is None else stop - 1}"
        tag = None if self.facts is None else self.facts.strong_etag
        if tag is not None:
            headers["If-Match"] = tag
        return headers

    def _check_answer(self, response: httpx.Response, position: int) -> int:
        """Hold an answer against what is known; the bytes at its start that are not wanted."""
        found = _facts_of(response)
        known = self.facts
        if known is None:
            self.facts = found
        else:
            if response.status_code == httpx.codes.PRECONDITION_FAILED:
                raise self._changed("ETag", found.etag or "another one", known.etag)
            if known.etag is not None and found.etag != known.etag:
                raise self._changed("ETag", found.etag, known.etag)
            if known.etag is None and found.last_modified != known.last_modified:
                raise self._changed("time of last change", found.last_modified, known.last_modified)
            if found.size is not None and known.size is not None and found.size != known.size:
                raise self._changed("size", found.size, known.size)
        if self._limits is not None:
            self._limits.check_size(self._url, found.size or 0)
        if response.status_code == httpx.codes.PARTIAL_CONTENT:
            match = _RANGE.fullmatch(response.headers.get("content-range", ""))
            if match is None or int(match[1]) != position:
                raise SourceUnreadable(f"{shown(self._url)} answers with another range than asked")
            return 0
        if not response.is_success:
            raise SourceUnreadable(f"{shown(self._url)} answers with status {response.status_code}")
        return position

    def _check_resumable(
        self, position: int, offset: int, failures: int, broken: BrokenOff
    ) -> None:
        started = position > offset
        if failures >= _ATTEMPTS:
            raise SourceUnreadable(
                f"{shown(self._url)} cannot be read: {broken}", hint="try again later"
            )
        if started and (self.facts is None or not self.facts.is_pinned):
            raise SourceUnreadable(
                f"{shown(self._url)} broke off after {position} bytes, and says nothing by which "
                "it could be resumed",
                hint="try again",
            )

    def _check_whole(self, position: int, stop: int | None, md5: bytes | None) -> None:
        facts = self.facts
        if facts is None:
            return
        if stop is None and facts.size is not None and position != facts.size:
            raise SourceUnreadable(
                f"{shown(self._url)} ended after {position} of {facts.size} bytes", hint="try again"
            )
        if stop is not None and position < stop:
            raise SourceUnreadable(f"{shown(self._url)} ended before byte {stop}", hint="try again")
        if md5 is not None and facts.md5 is not None:
            told = facts.md5.encode("ascii", "replace")
            if base64.b64encode(md5) != told:
                raise SourceUnreadable(
                    f"{shown(self._url)} arrived with another MD5 than its server tells",
                    hint="try again",
                )

    def _check_limits(self, position: int) -> None:
        if self._limits is not None:
            self._limits.check_size(self._url, position)
            self._limits.check_time(self._url, time.monotonic() - self._started)

    def _changed(self, name: str, found: object, pinned: object) -> SourceUnreadable:
        if self._expected is not None:
            return differs(self._url, name, found, pinned)
        return SourceUnreadable(
            f"{shown(self._url)} changed while it was read", hint="try again once it is at rest"
        )


def _facts_of(response: httpx.Response) -> WebFacts:
    headers = response.headers
    size: int | None = None
    if response.status_code == httpx.codes.PARTIAL_CONTENT:
        match = _RANGE.fullmatch(headers.get("content-range", ""))
        size = int(match[3]) if match else None
    elif response.is_success and headers.get("content-length", "").isdecimal():
        size = int(headers["content-length"])
    whole = response.status_code == httpx.codes.OK
    return WebFacts(
        size,
        headers.get("etag"),
        headers.get("last-modified"),
        headers.get("content-md5") if whole else None,
    )


def _retried(url: str, ask: Callable[[], WebFacts]) -> WebFacts:
    for failures in range(1, _ATTEMPTS + 1):
        try:
            return ask()
        except BrokenOff as broken:
            reason = broken
            if failures < _ATTEMPTS:
                time.sleep(_FIRST_PAUSE * 2**failures * random.uniform(0.5, 1))  # noqa: S311
    raise SourceUnreadable(f"{shown(url)} cannot be read: {reason}", hint="try again later")
