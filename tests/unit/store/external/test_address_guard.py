from __future__ import annotations

import pytest

from datavc.errors import AccessDenied, InvalidAddress, SourceUnreadable
from datavc.store.external.address_guard import (
    OpenedGuard,
    PublicGuard,
    is_public,
    resolve_host,
)
from datavc.store.external.allowed_prefixes import AllowedPrefixes

NOT_PUBLIC = [
    "127.0.0.1",
    "127.8.9.10",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "169.254.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "no address",
    "",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1"])
def test_what_is_public(address: str) -> None:
    assert is_public(address)


def guard(*addresses: str, opened: tuple[str, ...] = ()) -> PublicGuard:
    return PublicGuard(AllowedPrefixes(opened), lambda host, port: list(addresses))


def test_every_address_of_a_host_must_be_public() -> None:
    assert guard("8.8.8.8", "1.1.1.1").addresses("https://x.org/a") == ["8.8.8.8", "1.1.1.1"]
    with pytest.raises(AccessDenied, match=r"leads to 10\.0\.0\.1"):
        guard("8.8.8.8", "10.0.0.1").addresses("https://x.org/a")


def test_a_host_that_was_opened() -> None:
    opened = guard("10.0.0.1", opened=("http://files.internal/data",))
    assert opened.addresses("http://files.internal/data/a") == ["10.0.0.1"]
    for url in (
        "http://files.internal/other",
        "http://files.internal/data2",
        "http://files.internal/data/../other",
        "http://files.internal/data/%2e%2e/other",
        "http://files.internal/data/%252e%252e/other",
        "http://files.internal/data/..%5cother",
        "https://files.internal/data/a",
        "http://files.internal:8080/data/a",
        "http://other.internal/data/a",
    ):
        with pytest.raises(AccessDenied):
            opened.addresses(url)


def test_only_what_was_opened() -> None:
    narrow = OpenedGuard(AllowedPrefixes(["https://x.org/a"]), lambda host, port: ["8.8.8.8"])
    assert narrow.addresses("https://x.org/a/b") == ["8.8.8.8"]
    with pytest.raises(AccessDenied, match=r"does not read https://x\.org/b for others"):
        narrow.addresses("https://x.org/b?secret=1")


@pytest.mark.parametrize(
    "url",
    ["http://u:p@x.org/", "ftp://x.org/", "file:///etc/passwd", "http:///a", "http://x:99999/"],
)
def test_what_is_no_web_address(url: str) -> None:
    with pytest.raises(InvalidAddress) as caught:
        guard("8.8.8.8").addresses(url)
    assert "u:p" not in str(caught.value)


def test_other_ways_to_write_an_address() -> None:
    """The system reads these as 127.0.0.1, and what it reads is what counts."""
    for host in ("127.1", "2130706433", "0x7f000001", "localhost"):
        with pytest.raises(AccessDenied):
            PublicGuard(AllowedPrefixes([])).addresses(f"http://{host}/")


def test_a_host_without_an_address() -> None:
    with pytest.raises(SourceUnreadable, match="is not known"):
        resolve_host("no-such-host.invalid", 80)
