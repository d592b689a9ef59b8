"""Objects as they are sent."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from http import HTTPStatus
from itertools import chain

from fastapi import Response
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from datavc.store.backend import Buffer
from datavc.store.content import read_content
from datavc_server.byte_range import ByteRange, read_range
from datavc_server.content_stream import in_batches
from datavc_server.s3.access import Action
from datavc_server.s3.address import Found, find_address, find_object
from datavc_server.s3.condition import check_read, http_time
from datavc_server.s3.error import S3Error, not_implemented
from datavc_server.s3.gateway import Gateway
from datavc_server.s3.incoming import Incoming
from datavc_server.s3.xml import document, render

#: What a client may ask to be called otherwise, as for a link that downloads.
_OVERRIDES = {
    f"response-{name}": name
    for name in (
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-type",
        "expires",
    )
}


def get_object(gateway: Gateway, incoming: Incoming) -> Response:
    """GetObject and HeadObject."""
    incoming.allow(Action.READ)
    if "partNumber" in incoming.query:
        raise not_implemented("reading by part")
    if incoming.query.get("versionId", "null") != "null":
        raise S3Error(
            HTTPStatus.NOT_FOUND, "NoSuchVersion", "a version is named by its commit: COMMIT/PATH"
        )
    address = find_address(gateway, incoming.bucket, incoming.key)
    found = find_object(gateway, address)
    check_read(incoming.headers, found)
    wanted = incoming.headers.get("range")
    if incoming.headers.get("if-range", found.etag) not in (
        found.etag,
        http_time(found.time_us),
    ):
        wanted = None
    span = _range(wanted, found)
    headers = span.headers() | {
        "ETag": found.etag,
        "Last-Modified": http_time(found.time_us),
        "Content-Type": _type_of(address.path),
        "X-Content-Type-Options": "nosniff",
    }
    for parameter, name in _OVERRIDES.items():
        if parameter in incoming.query:
            headers[name.title()] = _one_line(parameter, incoming.query[parameter])
    if incoming.method == "HEAD":
        return Response(status_code=span.status, headers=headers)
    return StreamingResponse(in_batches(_content(gateway, found, span)), span.status, headers)


def get_tagging(gateway: Gateway, incoming: Incoming) -> Response:
    """GetObjectTagging: there are none."""
    incoming.allow(Action.READ)
    find_object(gateway, find_address(gateway, incoming.bucket, incoming.key))
    root = document("Tagging")
    root.append(document("TagSet"))
    return render(root)


def _range(wanted: str | None, found: Found) -> ByteRange:
    try:
        return read_range(wanted, found.entry.size)
    except HTTPException as error:
        headers = dict(error.headers or {})
        raise S3Error(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            "InvalidRange",
            f"the range starts behind the end: {error.detail}",
            headers,
        ) from None


def _content(gateway: Gateway, found: Found, span: ByteRange) -> Iterator[Buffer]:
    """The content; its first piece is read at once, so that an error is still an answer."""
    pieces = read_content(gateway.vs.objects, found.entry, span.offset, span.length)
    first = next(pieces, b"")
    return chain([first], pieces)


def _type_of(path: str) -> str:
    if path.endswith("/"):
        return "application/x-directory"
    kind, encoding = mimetypes.guess_type(path)
    return kind if kind is not None and encoding is None else "binary/octet-stream"


def _one_line(parameter: str, value: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise S3Error(
            HTTPStatus.BAD_REQUEST, "InvalidArgument", f"{parameter} is no text of one line"
        )
    return value
