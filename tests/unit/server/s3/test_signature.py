"""Signatures against the examples that the standard's own documentation computes."""

from __future__ import annotations

import hashlib

import pytest

from datavc_server.s3.signature import UNSIGNED, Scope, Signed, SigningKey

_KEY = SigningKey(
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", Scope("20130524", "us-east-1"), "20130524T000000Z"
)
_EMPTY = hashlib.sha256(b"").hexdigest()
_HOST = ("host", "examplebucket.s3.amazonaws.com")
_PUT = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"


def _signed(
    method: str,
    path: str,
    headers: list[tuple[str, str]],
    query: list[tuple[str, str]] | None = None,
    payload: str = _EMPTY,
) -> Signed:
    common = [
        _HOST,
        ("x-amz-content-sha256", payload),
        ("x-amz-date", "20130524T000000Z"),
    ]
    return Signed(method, path, query or [], sorted([*common, *headers]), payload)


@pytest.mark.parametrize(
    ("signed", "signature"),
    [
        (
            _signed("GET", "/test.txt", [("range", "bytes=0-9")]),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            _signed(
                "PUT",
                "/test$file.text",
                [
                    ("date", "Fri, 24 May 2013 00:00:00 GMT"),
                    ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
                ],
                payload=_PUT,
            ),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            _signed("GET", "/", [], [("lifecycle", "")]),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            _signed("GET", "/", [], [("prefix", "J"), ("max-keys", "2")]),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
        (
            Signed(
                "GET",
                "/test.txt",
                [
                    ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
                    (
                        "X-Amz-Credential",
                        "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request",
                    ),
                    ("X-Amz-Date", "20130524T000000Z"),
                    ("X-Amz-Expires", "86400"),
                    ("X-Amz-SignedHeaders", "host"),
                ],
                [_HOST],
                UNSIGNED,
            ),
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
        ),
    ],
    ids=["get", "put", "lifecycle", "list", "presigned"],
)
def test_requests(signed: Signed, signature: str) -> None:
    assert _KEY.sign_request(signed) == signature


def test_a_path_is_signed_alike_however_it_is_encoded() -> None:
    plain = _signed("GET", "/b/a~b(c)*.txt", [])
    encoded = _signed("GET", "/b/a%7Eb%28c%29%2A%2Etxt", [])
    assert plain.canonical() == encoded.canonical()


def test_a_slash_too_many_is_part_of_the_path() -> None:
    assert _signed("GET", "/b//a", []).canonical() != _signed("GET", "/b/a", []).canonical()


def test_spaces_of_a_header_count_once() -> None:
    spaced = _signed("GET", "/", [("x-amz-meta-a", "  a   b ")])
    assert "x-amz-meta-a:a b\n" in spaced.canonical()
