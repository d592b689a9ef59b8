"""Requests to web servers: redirects, guards, breaks, limits."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator

import httpx
import pytest

from datavc.errors import (
    AccessDenied,
    DatavcError,
    InvalidAddress,
    InvalidInput,
    NotFound,
    SourceChanged,
    SourceUnreadable,
)
from datavc.model.external import External, Pin
from datavc.store.external import web_body
from datavc.store.external.address_guard import PublicGuard
from datavc.store.external.allowed_prefixes import AllowedPrefixes
from datavc.store.external.web_body import Limits, WebBody, ask_facts
from datavc.store.external.web_client import WebClient
from tests.services.web_server import Page, Web

CONTENT = os.urandom(1_000_000)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_body, "_FIRST_PAUSE", 0)


@pytest.fixture
def client() -> Iterator[WebClient]:
    made = WebClient()
    yield made
    made.close()


def guarded(web: Web, *, opened: bool, addresses: dict[str, list[str]]) -> WebClient:
    prefixes = [f"http://files.example:{web.port}/open"] if opened else []
    return WebClient(PublicGuard(AllowedPrefixes(prefixes), lambda host, port: addresses[host]))


def read(client: WebClient, url: str, limits: Limits | None = None) -> bytes:
    return b"".join(WebBody(client, url, limits=limits).pieces())


def test_a_whole_file_and_ranges(web: Web, client: WebClient) -> None:
    url = web.offer("/a", CONTENT)
    assert read(client, url) == CONTENT
    assert b"".join(WebBody(client, url).pieces(10, 20)) == CONTENT[10:30]
    assert b"".join(WebBody(client, url).pieces(999_990)) == CONTENT[999_990:]
    # A server without ranges sends everything, and what is not wanted is passed over.
    web.offer("/a", Page(CONTENT, knows_ranges=False))
    assert b"".join(WebBody(client, url).pieces(300_000, 20)) == CONTENT[300_000:300_020]


def test_a_connection_that_breaks_is_resumed(web: Web, client: WebClient) -> None:
    url = web.offer("/a", Page(CONTENT, breaks=3, breaks_after=200_000))
    assert read(client, url) == CONTENT
    ranges = [headers.get("Range") for _, _, headers in web.asked]
    assert ranges[0] is None
    assert len(ranges) == 4
    assert all(range is not None for range in ranges[1:])


def test_a_file_that_changes_on_the_way(web: Web, client: WebClient) -> None:
    url = web.offer("/a", Page(CONTENT, breaks=1, breaks_after=400_000))
    pieces = WebBody(client, url).pieces()
    next(pieces)
    web.offer("/a", b"another")
    with pytest.raises(SourceUnreadable, match="changed while it was read"):
        list(pieces)


def test_what_cannot_be_resumed(web: Web, client: WebClient) -> None:
    url = web.offer("/a", Page(CONTENT, etag="", breaks=1, breaks_after=400_000))
    with pytest.raises(SourceUnreadable, match="broke off"):
        read(client, url)


def test_a_body_that_is_always_cut_short(web: Web, client: WebClient) -> None:
    url = web.offer("/a", Page(CONTENT, breaks=1000, breaks_after=0))
    with pytest.raises(SourceUnreadable, match="cannot be read"):
        read(client, url)


def test_errors_that_pass_and_that_stay(web: Web, client: WebClient) -> None:
    assert read(client, web.offer("/busy", Page(b"x", failures=2))) == b"x"
    with pytest.raises(SourceUnreadable, match="status 503"):
        read(client, web.offer("/down", Page(b"x", failures=1000)))
    expected: list[tuple[int, type[DatavcError]]] = [
        (403, AccessDenied),
        (401, AccessDenied),
        (410, NotFound),
        (418, SourceUnreadable),
    ]
    for status, kind in expected:
        with pytest.raises(kind):
            read(client, web.offer("/x", Page(status=status)))
    with pytest.raises(NotFound):
        read(client, f"{web.url}/nothing")


def test_md5_where_it_is_told(web: Web, client: WebClient) -> None:
    right = base64.b64encode(hashlib.md5(CONTENT).digest()).decode()
    assert read(client, web.offer("/a", Page(CONTENT, headers={"Content-MD5": right}))) == CONTENT
    wrong = base64.b64encode(bytes(16)).decode()
    with pytest.raises(SourceUnreadable, match="another MD5"):
        read(client, web.offer("/a", Page(CONTENT, headers={"Content-MD5": wrong})))


def test_what_is_compressed_although_it_was_not_asked_for(web: Web, client: WebClient) -> None:
    page = Page(CONTENT, headers={"Content-Encoding": "gzip"})
    with pytest.raises(SourceUnreadable, match="compressed"):
        read(client, web.offer("/a", page))


def test_limits(web: Web, client: WebClient) -> None:
    url = web.offer("/a", CONTENT)
    with pytest.raises(InvalidInput, match="larger than 1000 bytes"):
        read(client, url, Limits(1000, 60))
    web.offer("/a", Page(CONTENT, tells_size=False))
    with pytest.raises(InvalidInput, match="larger than 1000 bytes"):
        read(client, url, Limits(1000, 60))
    with pytest.raises(SourceUnreadable, match="took longer"):
        read(client, url, Limits(10**9, 0))


def test_redirects(web: Web, client: WebClient) -> None:
    web.offer("/end", b"found")
    web.offer("/relative", Page(redirect="end"))
    assert read(client, web.offer("/start", Page(redirect=f"{web.url}/relative"))) == b"found"
    with pytest.raises(SourceUnreadable, match="redirects more than"):
        read(client, web.offer("/loop", Page(redirect="/loop")))
    for target in ("file:///etc/passwd", "ftp://x/", "gopher://127.0.0.1:25/"):
        with pytest.raises(InvalidAddress):
            read(client, web.offer("/away", Page(redirect=target)))
    with pytest.raises(InvalidAddress) as caught:
        read(client, web.offer("/named", Page(redirect="http://user:pa55@127.0.0.1/")))
    assert "pa55" not in str(caught.value)


def test_facts(web: Web, client: WebClient) -> None:
    facts = ask_facts(client, web.offer("/a", Page(CONTENT, last_modified="then")))
    assert (facts.size, facts.last_modified, facts.is_pinned) == (len(CONTENT), "then", True)
    assert ask_facts(client, web.offer("/b", Page(b"x", tells_size=False))).size is None


def external(url: str, page: Page) -> External:
    pins: dict[Pin, str | None] = {
        Pin.ETAG: page.tag or None,
        Pin.LAST_MODIFIED: page.last_modified or None,
    }
    return External.of(url, len(page.content), pins)


def test_a_pinned_version(web: Web, client: WebClient) -> None:
    page = Page(CONTENT)
    url = web.offer("/a", page)
    pinned = external(url, page)
    assert b"".join(WebBody(client, url, pinned).pieces()) == CONTENT
    assert web.asked[-1][2]["If-Match"] == page.tag
    web.offer("/a", Page(CONTENT[::-1]))
    with pytest.raises(SourceChanged, match="its ETag is"):
        list(WebBody(client, url, pinned).pieces())
    del web.pages["/a"]
    with pytest.raises(SourceChanged, match="is gone"):
        list(WebBody(client, url, pinned).pieces(5, 5))


def test_a_version_pinned_by_time_or_weak_tag(web: Web, client: WebClient) -> None:
    for before, after, name in (
        (
            Page(b"aaa", etag="", last_modified="1"),
            Page(b"bbb", etag="", last_modified="2"),
            "time",
        ),
        (Page(b"aaa", etag='W/"1"'), Page(b"bbb", etag='W/"2"'), "ETag"),
        (Page(b"aaa", etag='"1"'), Page(b"bbbb", etag='"1"'), "size"),
    ):
        url = web.offer("/a", before)
        pinned = external(url, before)
        assert b"".join(WebBody(client, url, pinned).pieces(1, 1)) == b"a"
        web.offer("/a", after)
        with pytest.raises(SourceChanged, match=name):
            list(WebBody(client, url, pinned).pieces())


def test_a_guard_stops_requests_before_they_are_made(web: Web) -> None:
    web.offer("/secret", b"x")
    client = guarded(web, opened=False, addresses={"files.example": ["127.0.0.1"]})
    with pytest.raises(AccessDenied, match=r"leads to 127\.0\.0\.1"):
        read(client, f"http://files.example:{web.port}/secret")
    client.close()
    assert not web.asked


def test_the_connection_goes_to_the_address_that_was_checked(web: Web) -> None:
    """The name is resolved once: nobody can have it lead elsewhere between check and use."""
    web.offer("/open/a", b"found")
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["203.0.113.1"]

    opened = AllowedPrefixes([f"http://no-such-host.invalid:{web.port}/open"])
    client = WebClient(PublicGuard(opened, resolve))
    assert read(client, f"http://no-such-host.invalid:{web.port}/open/a") == b"found"
    client.close()
    assert asked == ["no-such-host.invalid"]
    assert web.asked[-1][2]["Host"] == f"no-such-host.invalid:{web.port}"


def test_the_next_address_is_tried(web: Web) -> None:
    web.offer("/open/a", b"found")
    # Nothing listens on the first one.
    client = guarded(web, opened=True, addresses={"files.example": ["127.0.0.9", "127.0.0.1"]})
    assert read(client, f"http://files.example:{web.port}/open/a") == b"found"
    client.close()


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:{port}/secret",
        "http://[::1]:{port}/secret",
        "http://[::ffff:127.0.0.1]:{port}/secret",
        "http://inner.example:{port}/secret",
        "http://169.254.169.254/latest/meta-data",
        "http://files.example:{port}/secret",
        "http://files.example:{port}/open/../secret",
    ],
)
def test_each_redirect_is_checked(web: Web, target: str) -> None:
    web.offer("/secret", b"x")
    web.offer("/open/a", Page(redirect=target.format(port=web.port)))
    client = guarded(
        web,
        opened=True,
        addresses={
            "files.example": ["127.0.0.1"],
            "inner.example": ["8.8.8.8", "10.0.0.1"],
            "127.0.0.1": ["127.0.0.1"],
            "::1": ["::1"],
            "::ffff:127.0.0.1": ["::ffff:127.0.0.1"],
            "169.254.169.254": ["169.254.169.254"],
        },
    )
    with pytest.raises(AccessDenied, match="no public address"):
        read(client, f"http://files.example:{web.port}/open/a")
    client.close()
    assert [path for _, path, _ in web.asked] == ["/open/a"]


def test_no_cookie_goes_anywhere(web: Web, client: WebClient) -> None:
    web.offer("/end", b"x")
    page = Page(b"x", headers={"Set-Cookie": "a=b"})
    read(client, web.offer("/start", page))
    read(client, f"{web.url}/end")
    assert all("Cookie" not in headers for _, _, headers in web.asked)


def test_a_name_is_checked_by_tls_and_not_the_address() -> None:
    """Who answers at the checked address must prove to be the host that was named."""
    sent: list[httpx.Request] = []
    client = WebClient(PublicGuard(AllowedPrefixes([]), lambda host, port: ["93.184.216.34"]))

    def send(request: httpx.Request, *, stream: bool) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(b"x"), request=request)

    client._direct.send = send  # type: ignore[method-assign, assignment]
    assert read(client, "https://files.example/a") == b"x"
    client.close()
    (request,) = sent
    assert request.url.host == "93.184.216.34"
    assert request.headers["host"] == "files.example"
    assert request.extensions["sni_hostname"] == "files.example"
