"""Whose request it is: its signature, in a header or in the URL, against the key's secret."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import parse_qsl

from fastapi import Request

from datavc.engine.s3_keys import OpenedS3Key, open_s3_key
from datavc.engine.s3_sessions import OpenedS3Session, is_session_key, open_s3_session
from datavc.versioning.versioned_store import VersionedStore
from datavc_server.s3.access import Caller, caller_of, caller_of_job
from datavc_server.s3.error import S3Error, access_denied, not_implemented
from datavc_server.s3.signature import ALGORITHM, SERVICE, UNSIGNED, Scope, Signed, SigningKey

#: How far a client's clock may be off.
_SKEW = timedelta(minutes=15)
#: The longest that a presigned URL may be good for, in seconds.
_LONGEST = 7 * 24 * 3600
_TIME = "%Y%m%dT%H%M%SZ"

_CREDENTIAL = re.compile(r"([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request", re.ASCII)
#: Headers that say what a request does, so they count only where they are signed.
_MUST_BE_SIGNED = ("x-amz-", "x-datavc-")
#: May be left out of a presigned URL's signature: it says nothing but what is signed as unsigned.
_MAY_BE_UNSIGNED = frozenset({"x-amz-content-sha256", "x-amz-user-agent"})


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Who sent a request, and what goes on with its signature."""

    caller: Caller
    #: What the request says of its body's hash.
    payload: str
    #: The request's own signature, in hex, on which those of its chunks build.
    signature: str
    key: SigningKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a request says of its own signature."""

    key_id: str
    scope: Scope
    timestamp: str
    signed_headers: Sequence[str]
    signature: str
    payload: str
    query: Sequence[tuple[str, str]]
    #: How long it is good for, for a URL; ``None`` for a request that is signed by a header.
    expires: timedelta | None


def authenticate(
    vs: VersionedStore, request: Request, now: datetime, *, accounts_only: bool = False
) -> Authenticated:
    """Check a request's signature.

    Args:
        vs: knows the keys.
        request: its headers and its URL.
        now: the time.
        accounts_only: see :func:`datavc_server.s3.access.caller_of`.

    Raises:
        S3Error: it has none, or it is wrong, too old, or by an unknown key.
        AccessDenied: the key's account is let in no more.
    """
    query = parse_qsl(
        request.scope["query_string"].decode("ascii", "replace"), keep_blank_values=True
    )
    claim = _read_claim(request, query)
    _check_time(claim, now)
    _check_headers(claim, request)
    known = _find_key(vs, claim.key_id)
    if known is None:
        raise S3Error(
            HTTPStatus.FORBIDDEN, "InvalidAccessKeyId", "there is no such access key here"
        )
    key = SigningKey(known.secret, claim.scope, claim.timestamp)
    signed = Signed(
        request.method,
        request.scope["raw_path"].decode("ascii", "replace"),
        claim.query,
        [(name, ",".join(request.headers.getlist(name))) for name in claim.signed_headers],
        claim.payload,
    )
    if not hmac.compare_digest(key.sign_request(signed).encode(), claim.signature.encode()):
        raise signature_wrong()
    if isinstance(known, OpenedS3Session):
        caller = caller_of_job(known.info)
    else:
        caller = caller_of(vs.db, known.info, accounts_only=accounts_only)
    return Authenticated(caller, claim.payload, claim.signature, key)


def _find_key(vs: VersionedStore, key_id: str) -> OpenedS3Key | OpenedS3Session | None:
    return open_s3_session(vs, key_id) if is_session_key(key_id) else open_s3_key(vs, key_id)


def signature_wrong() -> S3Error:
    """The answer to a signature that the secret does not give."""
    return S3Error(
        HTTPStatus.FORBIDDEN,
        "SignatureDoesNotMatch",
        "the signature is not the one that the secret access key gives; check the secret",
    )


def _read_claim(request: Request, query: Sequence[tuple[str, str]]) -> _Claim:
    authorization = request.headers.get("authorization")
    values = dict(query)
    if authorization is not None:
        if "X-Amz-Signature" in values:
            raise _malformed("a request is signed in its header or in its URL, not in both")
        return _read_header(request, authorization, query)
    if "X-Amz-Algorithm" in values:
        return _read_url(request, values, query)
    if "Signature" in values:
        raise not_implemented("signature version 2")
    raise access_denied("this server wants requests to be signed by an access key")


def _read_header(request: Request, text: str, query: Sequence[tuple[str, str]]) -> _Claim:
    algorithm, _, rest = text.partition(" ")
    if algorithm != ALGORITHM:
        raise not_implemented(f"authorization by {algorithm!r}")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    timestamp = request.headers.get("x-amz-date", "")
    payload = request.headers.get("x-amz-content-sha256")
    if payload is None:
        raise S3Error(
            HTTPStatus.BAD_REQUEST, "MissingSecurityHeader", "x-amz-content-sha256 is missing"
        )
    return _claim(
        parts.get("Credential", ""), timestamp, parts.get("SignedHeaders", ""),
        parts.get("Signature", ""), payload, query, None,
    )  # fmt: skip


def _read_url(request: Request, values: dict[str, str], query: Sequence[tuple[str, str]]) -> _Claim:
    if values["X-Amz-Algorithm"] != ALGORITHM:
        raise not_implemented(f"authorization by {values['X-Amz-Algorithm']!r}")
    expires = values.get("X-Amz-Expires", "")
    if not expires.isdecimal() or not 0 < int(expires[:10]) <= _LONGEST:
        raise S3Error(
            HTTPStatus.BAD_REQUEST,
            "AuthorizationQueryParametersError",
            f"X-Amz-Expires must be between 1 and {_LONGEST} seconds",
        )
    payload = request.headers.get("x-amz-content-sha256", UNSIGNED)
    return _claim(
        values.get("X-Amz-Credential", ""), values.get("X-Amz-Date", ""),
        values.get("X-Amz-SignedHeaders", ""), values.get("X-Amz-Signature", ""),
        values.get("X-Amz-Content-Sha256", payload),
        [item for item in query if item[0] != "X-Amz-Signature"],
        timedelta(seconds=int(expires)),
    )  # fmt: skip


def _claim(
    credential: str,
    timestamp: str,
    signed_headers: str,
    signature: str,
    payload: str,
    query: Sequence[tuple[str, str]],
    expires: timedelta | None,
) -> _Claim:
    match = _CREDENTIAL.fullmatch(credential)
    if match is None or not signed_headers or not signature:
        raise _malformed("the credential, the signed headers or the signature are malformed")
    key_id, date, region, service = match.groups()
    if service != SERVICE:
        raise _malformed(f"the credential is for {service!r}, and not for {SERVICE!r}")
    if not timestamp.startswith(date):
        raise _malformed("the credential is of another day than the request")
    names = signed_headers.split(";")
    if names != sorted(names) or names != [name.lower() for name in names]:
        raise _malformed("the signed headers must be sorted, and in lower case")
    return _Claim(key_id, Scope(date, region), timestamp, names, signature, payload, query, expires)


def _check_time(claim: _Claim, now: datetime) -> None:
    try:
        signed = datetime.strptime(claim.timestamp, _TIME).replace(tzinfo=UTC)
    except ValueError:
        raise _malformed(f"{claim.timestamp!r} is no time of the form {_TIME}") from None
    if claim.expires is None:
        if abs(now - signed) > _SKEW:
            raise _skewed()
        return
    if signed - now > _SKEW:
        raise _skewed()
    if now > signed + claim.expires:
        raise access_denied("Request has expired")


def _check_headers(claim: _Claim, request: Request) -> None:
    signed = frozenset(claim.signed_headers)
    if "host" not in signed:
        raise _malformed("the Host header must be signed")
    for name in request.headers:
        if (
            name.startswith(_MUST_BE_SIGNED)
            and name not in signed
            and not (claim.expires is not None and name in _MAY_BE_UNSIGNED)
        ):
            raise access_denied(f"the header {name!r} was sent and is not signed")


def _malformed(message: str) -> S3Error:
    return S3Error(HTTPStatus.BAD_REQUEST, "AuthorizationHeaderMalformed", message)


def _skewed() -> S3Error:
    return S3Error(
        HTTPStatus.FORBIDDEN,
        "RequestTimeTooSkewed",
        "the clocks of client and server differ by more than 15 minutes",
    )
