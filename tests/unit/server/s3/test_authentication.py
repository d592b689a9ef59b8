"""Whose request it is: what a signature must cover, and when it is good."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from fastapi import Request

from datavc.engine.s3_keys import create_s3_key
from datavc.model.s3_key import NewS3Key
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from datavc_server.s3.authentication import authenticate
from datavc_server.s3.error import S3Error
from datavc_server.s3.signature import Scope, Signed, SigningKey

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
_HOST = ("host", "127.0.0.1:8251")


@pytest.fixture
def vs(tmp_path: Path) -> Iterator[VersionedStore]:
    with open_versioned_store(tmp_path / "home") as store:
        yield store


@pytest.fixture
def key(vs: VersionedStore) -> NewS3Key:
    return create_s3_key(vs, "ana")


def request(method: str, query: str, headers: list[tuple[str, str]]) -> Request:
    return Request(
        {
            "type": "http",
            "method": method,
            "path": "/data/main/a",
            "raw_path": b"/data/main/a",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers],
        }
    )


def by_header(key: NewS3Key, signed_at: datetime, extra: dict[str, str] | None = None) -> Request:
    """A request whose header signs all but *extra*."""
    stamp = signed_at.strftime("%Y%m%dT%H%M%SZ")
    scope = Scope(stamp[:8], "us-east-1")
    headers = sorted([_HOST, ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"), ("x-amz-date", stamp)])
    signed = Signed("GET", "/data/main/a", [], headers, "UNSIGNED-PAYLOAD")
    signature = SigningKey(key.secret, scope, stamp).sign_request(signed)
    names = ";".join(name for name, _ in headers)
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={key.id}/{scope},SignedHeaders={names},Signature={signature}"
    )
    sent = [*headers, *(extra or {}).items(), ("authorization", authorization)]
    return request("GET", "", sent)


def by_url(key: NewS3Key, signed_at: datetime, expires: str = "60", **extra: str) -> Request:
    stamp = signed_at.strftime("%Y%m%dT%H%M%SZ")
    scope = Scope(stamp[:8], "us-east-1")
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{key.id}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": expires,
        "X-Amz-SignedHeaders": "host",
    }
    signed = Signed("GET", "/data/main/a", [*query.items()], [_HOST], "UNSIGNED-PAYLOAD")
    signature = SigningKey(key.secret, scope, stamp).sign_request(signed)
    text = urlencode({**query, "X-Amz-Signature": signature, **extra})
    return request("GET", text, [_HOST])


def code_of(vs: VersionedStore, sent: Request, now: datetime = NOW) -> str:
    with pytest.raises(S3Error) as caught:
        authenticate(vs, sent, now)
    return caught.value.code


def test_a_good_signature_says_who_it_is(vs: VersionedStore, key: NewS3Key) -> None:
    for sent in (by_header(key, NOW), by_url(key, NOW)):
        caller = authenticate(vs, sent, NOW).caller
        assert (caller.key_id, caller.account, caller.read_only) == (key.id, "ana", False)


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_clock_that_is_off(vs: VersionedStore, key: NewS3Key, minutes: int) -> None:
    sent = by_header(key, NOW + timedelta(minutes=minutes))
    assert code_of(vs, sent) == "RequestTimeTooSkewed"


def test_a_url_is_good_for_its_time(vs: VersionedStore, key: NewS3Key) -> None:
    sent = by_url(key, NOW, "3600")
    authenticate(vs, sent, NOW + timedelta(seconds=3600))
    assert code_of(vs, sent, NOW + timedelta(seconds=3601)) == "AccessDenied"
    assert code_of(vs, sent, NOW - timedelta(minutes=16)) == "RequestTimeTooSkewed"


@pytest.mark.parametrize("expires", ["0", "-1", "604801", "x", ""])
def test_a_url_that_is_good_for_ever_is_refused(
    vs: VersionedStore, key: NewS3Key, expires: str
) -> None:
    assert code_of(vs, by_url(key, NOW, expires)) == "AuthorizationQueryParametersError"


@pytest.mark.parametrize("name", ["x-amz-copy-source", "x-datavc-commit", "x-amz-meta-a"])
def test_a_header_that_is_not_signed(vs: VersionedStore, key: NewS3Key, name: str) -> None:
    assert code_of(vs, by_header(key, NOW, {name: "data/main/b"})) == "AccessDenied"
    authenticate(vs, by_header(key, NOW, {"accept": "*/*"}), NOW)


def test_a_parameter_that_is_not_signed(vs: VersionedStore, key: NewS3Key) -> None:
    assert code_of(vs, by_url(key, NOW, uploadId="x")) == "SignatureDoesNotMatch"


def test_signed_in_two_ways(vs: VersionedStore, key: NewS3Key) -> None:
    sent = by_url(key, NOW)
    both = request("GET", sent.url.query, [_HOST, ("authorization", "AWS4-HMAC-SHA256 x")])
    assert code_of(vs, both) == "AuthorizationHeaderMalformed"


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("AWS4-HMAC-SHA256 Credential=a/b", "AuthorizationHeaderMalformed"),
        ("AWS4-HMAC-SHA256", "AuthorizationHeaderMalformed"),
        ("AWS AKIA:signature", "NotImplemented"),
        ("Bearer token", "NotImplemented"),
    ],
)
def test_other_authorizations(
    vs: VersionedStore, key: NewS3Key, authorization: str, code: str
) -> None:
    headers = [_HOST, ("x-amz-content-sha256", "x"), ("authorization", authorization)]
    assert code_of(vs, request("GET", "", headers)) == code


def test_nobody(vs: VersionedStore) -> None:
    assert code_of(vs, request("GET", "", [_HOST])) == "AccessDenied"


def test_a_key_that_another_secret_key_encrypted(
    vs: VersionedStore, key: NewS3Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    import base64
    import os

    from datavc.errors import AccessDenied

    monkeypatch.setenv("DATAVC_SECRET_KEY", base64.b64encode(os.urandom(32)).decode())
    with pytest.raises(AccessDenied, match="another key"):
        authenticate(vs, by_header(key, NOW), NOW)
