"""Messages that come in: what counts as signed, and what is read from them."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datavc.errors import InvalidInput
from datavc.model.inbound_webhook import (
    MessageHeaders,
    check_message,
    check_pointer,
    read_parameters,
    sign_message,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NAME = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = b'{"test": 2432232314}'
TIME = 1614265330
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def headers(**other: str) -> MessageHeaders:
    return MessageHeaders(**{"id": NAME, "timestamp": str(TIME), "signature": SIGNATURE} | other)


def hub(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_the_example_that_the_libraries_of_standard_webhooks_are_tested_by() -> None:
    assert sign_message(SECRET, NAME, TIME, BODY) == SIGNATURE
    found = check_message([SECRET], headers(), BODY, now=TIME)
    assert found is not None
    assert found.is_dated
    assert NAME in found.id


@pytest.mark.parametrize("off", [-299, 0, 299])
def test_clocks_may_differ(off: int) -> None:
    assert check_message([SECRET], headers(), BODY, now=TIME + off)


def test_several_signatures_and_several_secrets() -> None:
    both = headers(signature=f"v1,AAAA v1a,{SIGNATURE[3:]} {SIGNATURE}")
    assert check_message([SECRET], both, BODY, now=TIME)
    assert check_message(["whsec_AAAA", SECRET], headers(), BODY, now=TIME)


@pytest.mark.parametrize(
    "wrong",
    [
        {"signature": SIGNATURE.replace("g0", "g1")},
        {"signature": SIGNATURE.replace("v1", "v2")},
        {"signature": SIGNATURE[:-1]},
        {"signature": "\udcff\udcfe"},
        {"signature": ""},
        {"id": "other"},
        {"id": ""},
        {"id": "x" * 257},
        {"timestamp": str(TIME + 1)},
        {"timestamp": f"{TIME}.0"},
        {"timestamp": f"+{TIME}"},
        {"timestamp": "\u0661614265330"},
        {"timestamp": "9" * 30},
        {"timestamp": ""},
        # A right one of another kind does not count beside a wrong one.
        {"signature": "v1,AAAA", "hub_signature": hub(SECRET, BODY)},
    ],
)
def test_what_is_wrong_is_not_taken(wrong: dict[str, str]) -> None:
    assert check_message([SECRET], headers(**wrong), BODY, now=TIME) is None


def test_old_and_early_messages_other_bodies_and_other_secrets() -> None:
    assert check_message([SECRET], headers(), BODY, now=TIME + 301) is None
    assert check_message([SECRET], headers(), BODY, now=TIME - 301) is None
    assert check_message([SECRET], headers(), BODY + b" ", now=TIME) is None
    assert check_message(["whsec_AAAA"], headers(), BODY, now=TIME) is None
    assert check_message([], headers(), BODY, now=TIME) is None


def test_by_github() -> None:
    right = MessageHeaders(hub_signature=hub(SECRET, BODY))
    found = check_message([SECRET], right, BODY, now=0)
    assert found is not None
    assert not found.is_dated
    assert found == check_message([SECRET], right, BODY, now=2e9)
    other = check_message([SECRET], MessageHeaders(hub_signature=hub(SECRET, b"")), b"", now=0)
    assert other is not None
    assert other.id != found.id
    for wrong in (hub(SECRET, b"x"), hub("x", BODY), right.hub_signature.upper(), "sha256=", "x"):
        assert check_message([SECRET], MessageHeaders(hub_signature=wrong), BODY, now=0) is None
    assert check_message([SECRET], MessageHeaders(), BODY, now=0) is None


@given(st.binary(max_size=200), st.text(max_size=20), st.text(max_size=20), st.text(max_size=80))
def test_nothing_that_was_not_signed_is_taken(
    body: bytes, name: str, timestamp: str, signature: str
) -> None:
    given = MessageHeaders(name, timestamp, signature, signature)
    assert check_message([SECRET], given, body, now=TIME) is None


def test_parameters_are_read_from_where_they_are_said_to_be() -> None:
    body = json.dumps(
        {"a": {"b/c": ["x", 5], "~": True, "": "empty"}, "f": 0.5, "n": None}
    ).encode()
    wanted = {
        "X": "/a/b~1c/0", "Y": "/a/b~1c/1", "Z": "/a/~0", "E": "/a/", "F": "/f",
    }  # fmt: skip
    assert read_parameters(wanted, body) == {
        "X": "x", "Y": "5", "Z": "true", "E": "empty", "F": "0.5",
    }  # fmt: skip
    assert read_parameters({}, b"no JSON") == {}


@pytest.mark.parametrize(
    ("pointer", "body"),
    [
        ("/a", b"{}"),
        ("/a", b"[1]"),
        ("/1", b"[1]"),
        ("/-1", b"[1]"),
        ("/01", b"[1, 2]"),
        ("/a/b", b'{"a": "text"}'),
        ("/a", b'{"a": null}'),
        ("/a", b'{"a": {}}'),
        ("/a", b"not JSON"),
        ("/a", b"\xff"),
        ("/a", b"[" * 100_000),
    ],
)
def test_what_is_not_there_is_an_error(pointer: str, body: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_parameters({"X": pointer}, body)


def test_pointers() -> None:
    for right in ("/a", "/", "/a/0/b~0~1"):
        assert check_pointer(right) == right
    for wrong in ("", "a", "a/b", "/~", "/~2", "/a\0"):
        with pytest.raises(InvalidInput):
            check_pointer(wrong)
