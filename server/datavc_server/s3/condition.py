"""Conditions that a request puts to an object's state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus

from datavc.versioning.branch_trees import BranchTree
from datavc.versioning.staged_write import Precondition
from datavc_server.s3.address import Address, Found, etag_of, look_up
from datavc_server.s3.error import S3Error, no_such_key, not_implemented, precondition_failed

_MICROSECONDS = 1_000_000
_COPY = "x-amz-copy-source-"


def check_read(headers: Mapping[str, str], found: Found) -> None:
    """Make sure that an object may be sent.

    Raises:
        S3Error: a condition does not hold (412), or the client has the object already (304).
    """
    unchanged = {"ETag": found.etag, "Last-Modified": http_time(found.time_us)}
    match, none_match = headers.get("if-match"), headers.get("if-none-match")
    if match is not None:
        if not _names(match, found.etag):
            raise precondition_failed("If-Match does not name the object's ETag")
    elif _is_later(found, headers.get("if-unmodified-since")):
        raise precondition_failed("the object was modified since then")
    if none_match is not None:
        if _names(none_match, found.etag):
            raise S3Error(HTTPStatus.NOT_MODIFIED, "NotModified", "", unchanged)
    elif (since := headers.get("if-modified-since")) is not None and _is_known(found, since):
        raise S3Error(HTTPStatus.NOT_MODIFIED, "NotModified", "", unchanged)


def check_copy(headers: Mapping[str, str], found: Found) -> None:
    """Make sure that an object may be copied.

    Raises:
        S3Error: a condition does not hold.
    """
    plain = {
        name.removeprefix(_COPY): value
        for name, value in headers.items()
        if name.startswith(f"{_COPY}if-")
    }
    try:
        check_read(plain, found)
    except S3Error as error:
        raise precondition_failed(error.message or "the source is as the condition says") from None


def write_condition(headers: Mapping[str, str], address: Address) -> Precondition | None:
    """What must hold of the branch for an object to be written; ``None``: nothing.

    Raises:
        S3Error: it is a condition that writes cannot have.
    """
    match, none_match = headers.get("if-match"), headers.get("if-none-match")
    if match is None and none_match is None:
        return None
    if none_match is not None and none_match.strip() != "*":
        raise not_implemented("If-None-Match of a write, other than *,")

    def check(seen: BranchTree) -> None:
        entry = look_up(seen.tree, address.path, seen.source)
        if none_match is not None and entry is not None:
            raise precondition_failed(f"there is a {address.key!r} already")
        if match is None:
            return
        if entry is None:
            raise no_such_key(f"there is no {address.key!r} for If-Match to match")
        if not _names(match, etag_of(entry)):
            raise precondition_failed("If-Match does not name the object's ETag")

    return check


def http_time(time_us: int) -> str:
    """A time as a header tells it."""
    return format_datetime(_in_seconds(time_us), usegmt=True)


def xml_time(time_us: int) -> str:
    """A time as a document tells it."""
    return _in_seconds(time_us).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _in_seconds(time_us: int) -> datetime:
    return datetime.fromtimestamp(time_us // _MICROSECONDS, UTC)


def _names(header: str, etag: str) -> bool:
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")}
    return "*" in tags or etag.strip('"') in tags


def _is_later(found: Found, text: str | None) -> bool:
    moment = None if text is None else _parse(text)
    return moment is not None and _in_seconds(found.time_us) > moment


def _is_known(found: Found, text: str) -> bool:
    moment = _parse(text)
    return moment is not None and _in_seconds(found.time_us) <= moment


def _parse(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
