"""Addresses and refs as people type them."""

from __future__ import annotations

import pytest

from datavc.errors import InvalidInput
from datavc.model.address import Address, Ref, parse_address, parse_ref


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("r", Address("r", Ref("main"))),
        ("r@dev", Address("r", Ref("dev"))),
        ("r:/a/b", Address("r", Ref("main"), "a/b")),
        ("r@dev~2:/a/", Address("r", Ref("dev", 2), "a/")),
        ("r@f/x:/", Address("r", Ref("f/x"))),
        ("r@main:/a:b@c", Address("r", Ref("main"), "a:b@c")),
        ("datavc://r/f%2Fx/a/b", Address("r", Ref("f/x"), "a/b")),
        ("datavc://r/main", Address("r", Ref("main"))),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@main",
        "r@",
        "r:",
        "r@main:",
        "r@main:/../x",
        "r@a b",
        "r/x@main",
        "datavc://r",
        "datavc:///main",
        "r@main~x",
        "r@~1",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_address(text)


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("main", Ref("main")),
        ("main~", Ref("main", 1)),
        ("main~0", Ref("main", 0)),
        ("main~12", Ref("main", 12)),
        ("main^^", Ref("main", 2)),
        ("a" * 64, Ref("a" * 64)),
        ("a" * 64 + "~1", Ref("a" * 64, 1)),
    ],
)
def test_refs(text: str, ref: Ref) -> None:
    assert parse_ref(text) == ref
